"""SQLite as its tests look at it: a store on a file, its connections, and its neighbours."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

from keystead.store.sqlite import SqliteStore
from keystead.store.sqlite_writer import GroupWriter

HOLD_THE_WRITE_LOCK = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@asynccontextmanager
async def open_sqlite(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def writer_of(store: SqliteStore) -> GroupWriter:
    assert store._writer is not None
    return store._writer


@asynccontextmanager
async def busy(store: SqliteStore) -> AsyncIterator[None]:
    """Keep the writing thread at one job: what is asked of it meanwhile waits together."""
    is_running, may_end = threading.Event(), threading.Event()

    def wait(_: sqlite3.Connection) -> None:
        is_running.set()
        may_end.wait(10)

    job = asyncio.create_task(writer_of(store).run(wait))
    await asyncio.to_thread(is_running.wait, 10)
    try:
        yield
    finally:
        may_end.set()
        await job


@contextmanager
def write_lock_held_elsewhere(path: Path) -> Iterator[None]:
    """Another process is in the middle of writing."""
    arguments = [sys.executable, "-c", HOLD_THE_WRITE_LOCK, str(path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield
        process.communicate()
        assert process.returncode == 0


def rows_of(path: Path, query: str) -> list[tuple[object, ...]]:
    """Ask the file itself."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()
