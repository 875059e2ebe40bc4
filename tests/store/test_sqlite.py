"""The embedded store keeps every promise; what only it promises is in the other files here."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from keystead.domain.store import Store
from keystead.domain.transfer import Transfer
from keystead.store.sqlite import SqliteStore
from tests.store.contract import StoreContract
from tests.store.sqlite_files import open_sqlite, rows_of


def overwrite(file: Path) -> None:
    """Copy something else over a database in use, with its logs."""
    for path in file.parent.glob(f"{file.name}*"):
        path.write_bytes(b"these are not the pages of a database " * 5000)


def damage(file: Path) -> None:
    """Lose every page with data, and nothing that opening looks at."""
    roots = rows_of(
        file,
        "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_master "
        "WHERE tbl_name <> 'alembic_version'",
    )
    with file.open("r+b") as pages:
        for page, size in roots:
            pages.seek((int(str(page)) - 1) * int(str(size)))
            pages.write(b"\xff" * int(str(size)))


class TestSqlite(StoreContract):
    @pytest.fixture
    async def store(self, file: Path) -> AsyncIterator[Store]:
        async with open_sqlite(file) as store:
            yield store

    @pytest.fixture
    async def another_store(self, file: Path) -> AsyncIterator[Store]:
        async with open_sqlite(file) as store:
            yield store

    @pytest.fixture
    async def closed_store(self, file: Path) -> Store:
        async with open_sqlite(file) as store:
            return store

    @pytest.fixture(params=[overwrite, damage])
    async def unusable_store(
        self, request: pytest.FixtureRequest, file: Path
    ) -> AsyncIterator[Store]:
        async with open_sqlite(file):
            pass
        async with open_sqlite(file) as store:
            request.param(file)
            yield store

    @pytest.fixture
    async def reading_store(self, file: Path) -> AsyncIterator[Transfer]:
        store = SqliteStore(file)
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
