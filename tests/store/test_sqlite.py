"""The embedded store keeps every promise; what only it promises is in the other files here."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from keystead.domain.store import Store
from keystead.domain.transfer import Transfer
from keystead.store.sqlite import SqliteStore
from tests.store.contract import StoreContract
from tests.store.sqlite_files import open_sqlite, rows_of


def overwrite(database: Path) -> None:
    """Copy something else over a database in use, with its logs."""
    for path in database.parent.glob(f"{database.name}*"):
        path.write_bytes(b"these are not the pages of a database " * 5000)


def damage(database: Path) -> None:
    """Lose every page with data, and nothing that opening looks at."""
    roots = rows_of(
        database,
        "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_master "
        "WHERE tbl_name <> 'alembic_version'",
    )
    with database.open("r+b") as file:
        for page, size in roots:
            file.seek((int(str(page)) - 1) * int(str(size)))
            file.write(b"\xff" * int(str(size)))


class TestSqlite(StoreContract):
    @pytest.fixture
    async def store(self, database: Path) -> AsyncIterator[Store]:
        async with open_sqlite(database) as store:
            yield store

    @pytest.fixture
    async def another_store(self, database: Path) -> AsyncIterator[Store]:
        async with open_sqlite(database) as store:
            yield store

    @pytest.fixture
    async def closed_store(self, database: Path) -> Store:
        async with open_sqlite(database) as store:
            return store

    @pytest.fixture(params=[overwrite, damage])
    async def unusable_store(
        self, request: pytest.FixtureRequest, database: Path
    ) -> AsyncIterator[Store]:
        async with open_sqlite(database):
            pass
        async with open_sqlite(database) as store:
            request.param(database)
            yield store

    @pytest.fixture
    async def reading_store(self, database: Path) -> AsyncIterator[Transfer]:
        store = SqliteStore(database)
        yield store
        await store.close()

    @pytest.fixture(params=["no file", "an empty file"])
    async def store_on_nothing(
        self, request: pytest.FixtureRequest, tmp_path: Path
    ) -> AsyncIterator[Transfer]:
        path = tmp_path / "nothing.db"
        if request.param == "an empty file":
            path.touch()
        yield SqliteStore(path)
        assert not path.exists() or path.read_bytes() == b""
