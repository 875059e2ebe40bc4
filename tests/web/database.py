"""The database file, as seen from beside the service."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

TABLES = ("users", "sessions")


@contextmanager
def broken(database: Path) -> Iterator[None]:
    """Take the tables away: until they are back, every statement of the service fails."""
    _rename([(name, f"{name}_taken_away") for name in TABLES], database)
    yield
    _rename([(f"{name}_taken_away", name) for name in TABLES], database)


def content(database: Path) -> list[str]:
    """Return everything that is stored about users and sessions."""
    with closing(sqlite3.connect(database)) as db:
        return [
            repr(row)
            for table in TABLES
            for row in db.execute(f"SELECT * FROM {table} ORDER BY id")
        ]


def _rename(names: list[tuple[str, str]], database: Path) -> None:
    with closing(sqlite3.connect(database)) as db:
        for old, new in names:
            db.execute(f"ALTER TABLE {old} RENAME TO {new}")
