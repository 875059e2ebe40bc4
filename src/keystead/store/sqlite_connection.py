"""One SQLite connection: how it is opened, and how a shared query runs on it."""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from functools import cache
from pathlib import Path
from urllib.parse import quote

from keystead.domain.errors import StoreDown
from keystead.store import rows, sql
from keystead.store.rows import Row
from keystead.store.sql_store import Parameters

CACHE_KIB = 16_384

RETRY_MS = 25

OUR_BUGS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)
"""Errors that say nothing of the file or the disk; every other one means that it cannot be used."""


def connect(path: Path, wait_ms: int) -> sqlite3.Connection:
    """
    Open *path* for one thread at a time, without transactions of the driver's own making.

    `synchronous = FULL` makes every commit survive a power cut; in WAL mode that is one flush for
    each commit, and commits are shared.
    """
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    db.execute(f"PRAGMA busy_timeout = {wait_ms}")
    _enter_wal(db, wait_ms)
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA trusted_schema = OFF")
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return db


def connect_to_read(path: Path, wait_ms: int) -> sqlite3.Connection:
    """Open a file that is there, and leave it as it is, the kind of its journal included."""
    # Not `mode=ro`: that cannot clean up after a process that crashed.
    uri = f"file:{quote(str(path.absolute()))}?mode=rw"
    db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    db.execute(f"PRAGMA busy_timeout = {wait_ms}")
    db.execute("PRAGMA query_only = ON")
    db.execute("PRAGMA trusted_schema = OFF")
    return db


def count_sessions(path: Path, wait_ms: int, now: datetime) -> int:
    """Count the live sessions, over a connection of its own."""
    try:
        with closing(connect_to_read(path, wait_ms)) as db:
            return int(fetch_all(db, sql.COUNT_SESSIONS, (rows.to_millis(now),))[0][0])
    except sqlite3.DatabaseError as error:
        raise StoreDown from error


def run_each(db: sqlite3.Connection, work: Sequence[tuple[str, Sequence[Parameters]]]) -> None:
    """Run each statement once for each of its parameters."""
    for query, parameters in work:
        db.executemany(_numbered(query), parameters)


def fetch_one(db: sqlite3.Connection, query: str, parameters: Parameters = ()) -> Row | None:
    """Return the first row, having run the statement to its end."""
    # A RETURNING statement takes effect row by row; an unfinished one would be rolled back.
    found = fetch_all(db, query, parameters)
    return found[0] if found else None


def fetch_all(db: sqlite3.Connection, query: str, parameters: Parameters = ()) -> list[Row]:
    """Return all rows."""
    return db.execute(_numbered(query), parameters).fetchall()


def schema_version(db: sqlite3.Connection) -> str | None:
    """Return the revision the schema is at, or None for a database without one."""
    if not fetch_all(db, "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"):
        return None
    row = fetch_one(db, "SELECT version_num FROM alembic_version")
    return None if row is None else str(row[0])


def _enter_wal(db: sqlite3.Connection, wait_ms: int) -> None:
    # Two processes that both begin a new file each hold what the other waits for: SQLite then
    # gives up at once, whatever its timeout is, and one of the two has to try again.
    for _ in range(wait_ms // RETRY_MS):
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(RETRY_MS / 1000)
        else:
            return
    db.execute("PRAGMA journal_mode = WAL")


@cache
def _numbered(query: str) -> str:
    # `$2` is a name to SQLite and `?2` a number: with numbers, parameters can be a plain tuple.
    return query.replace("$", "?")
