"""The file itself: who can read it, how it is written, and how it comes by its schema."""

import asyncio
import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from keystead.domain.errors import StoreDown
from keystead.store import SchemaUnknown, UnknownDatabase, open_store, sqlite_path
from keystead.store.sqlite import SqliteStore
from tests.store.samples import NOW, added, opened
from tests.store.sqlite_files import open_sqlite, rows_of, writer_of

LOADED = """
import asyncio, sys
from pathlib import Path
from keystead.store.sqlite import SqliteStore

asyncio.run(SqliteStore(Path(sys.argv[1])).open())
print([name for name in ("alembic", "sqlalchemy") if name in sys.modules])
"""


def digest_of(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


@pytest.fixture
def _no_umask() -> Iterator[None]:
    """The operator's umask hides nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_no_umask")
async def test_only_the_owner_can_read_the_file_and_its_logs(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keystead.db"
    async with open_sqlite(path) as store:
        await added(store)

        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}

    names = ("keystead.db", "keystead.db-wal", "keystead.db-shm", "keystead.db-ballast")
    assert modes == dict.fromkeys(names, 0o600)


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("trusted_schema", 0)],
)
async def test_both_connections_are_safe_against_power_cuts_and_orphans(
    file: Path, pragma: str, value: str | int
) -> None:
    async with open_sqlite(file) as store:
        assert store._reader is not None
        reads = store._reader.execute(f"PRAGMA {pragma}").fetchone()
        writes = await writer_of(store).run(lambda db: db.execute(f"PRAGMA {pragma}").fetchone())

    assert reads == writes == (value,)


async def test_the_reading_connection_cannot_write(file: Path) -> None:
    async with open_sqlite(file) as store:
        assert store._reader is not None
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            store._reader.execute("DELETE FROM users")


async def test_an_orphan_session_is_refused_by_the_database(file: Path) -> None:
    async with open_sqlite(file) as store:
        session = await opened(store, await added(store))

        def orphan(db: sqlite3.Connection) -> None:
            db.execute("UPDATE sessions SET user_id = 'nobody' WHERE id = ?", (session.id,))

        with pytest.raises(sqlite3.IntegrityError):
            await writer_of(store).run(orphan)
        assert await store.list_sessions(session.user_id, NOW) == [session]


async def test_a_damaged_file_is_said_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "keystead.db"
    path.write_bytes(b"this is not a database, but long enough to be one " * 100)

    with pytest.raises(StoreDown):
        await SqliteStore(path).open()

    assert path.read_bytes().startswith(b"this is not a database")


async def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreDown):
        await SqliteStore(tmp_path / "file" / "keystead.db").open()


async def test_a_second_start_writes_nothing(file: Path) -> None:
    async with open_sqlite(file) as store:
        bob = await added(store)
    before = digest_of(file)

    async with open_sqlite(file) as store:
        assert await store.find_user(bob.id) == bob

    assert digest_of(file) == before


async def test_without_a_migration_its_tools_are_not_even_loaded(file: Path) -> None:
    for start in ("first", "second"):
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", LOADED, str(file)],
            capture_output=True,
            check=True,
        )
        assert done.stdout == b"[]\n", start


async def test_a_newer_schema_is_refused_and_left_alone(file: Path) -> None:
    async with open_sqlite(file) as store:
        await added(store)
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    before = rows_of(file, "SELECT * FROM users")

    with pytest.raises(SchemaUnknown, match="newer version"):
        await SqliteStore(file).open()

    assert rows_of(file, "SELECT * FROM users") == before
    assert rows_of(file, "SELECT version_num FROM alembic_version") == [("9999",)]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///keystead.db", "keystead.db"),
        ("sqlite:////var/lib/keystead.db", "/var/lib/keystead.db"),
        ("sqlite:///a%20b%3F.db", "a b?.db"),
    ],
)
def test_a_url_names_a_file(url: str, path: str) -> None:
    assert sqlite_path(url) == Path(path)
    assert isinstance(open_store(url), SqliteStore)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://bob:hunter2@db/keystead",
        "",
        "keystead.db",
        "sqlite:keystead.db",
        "sqlite://keystead.db",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///keystead.db?mode=ro",
    ],
)
def test_an_unknown_database_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(UnknownDatabase, match="allowed: sqlite:///") as refusal:
        open_store(url)

    assert "hunter2" not in str(refusal.value)
