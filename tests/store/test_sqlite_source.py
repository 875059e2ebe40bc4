"""A file that is only read from stays as it is, to the byte."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from keystead.domain.errors import StoreDown
from keystead.store import SchemaUnknown
from keystead.store.sqlite import SqliteStore
from tests.store.samples import HASH, new_user, signed_in
from tests.store.sqlite_files import open_sqlite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "source.db"


def everything_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def with_notes(path: Path) -> Path:
    path.write_text("notes on the garden\n" * 500)
    return path


async def test_a_file_that_is_read_from_is_not_touched(path: Path) -> None:
    async with open_sqlite(path) as store:
        bob, _ = await signed_in(store)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = DELETE")  # As a back-up may be: opening would change it.
    before = everything_in(path.parent)
    source = SqliteStore(path)

    assert await source.open_to_read()
    assert await source.find_user(bob.id) == bob
    with pytest.raises(StoreDown):
        await source.add_user(new_user("eve@example.com"), HASH, record=None)
    await source.close()

    assert everything_in(path.parent) == before


async def test_a_file_of_another_version_is_refused_and_not_migrated(path: Path) -> None:
    async with open_sqlite(path):
        pass
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE alembic_version SET version_num = '0000'")
    source = SqliteStore(path)

    with pytest.raises(SchemaUnknown, match="keystead migrate"):
        await source.open_to_read()
    await source.close()

    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT version_num FROM alembic_version").fetchall() == [("0000",)]


async def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    source = SqliteStore(with_notes(path))

    with pytest.raises(StoreDown):
        await source.open_to_read()
    await source.close()
