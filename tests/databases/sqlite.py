"""The embedded store as the suite runs on it: one file in the test's own folder."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from keystead.store.sqlite_connection import connect
from keystead.store.sqlite_schema import bring_up_to_date, make_file
from tests.databases import Row

KEYS = {
    "users": "id",
    "sessions": "id",
    "leases": "name",
    "installation": "name",
    "attempts": "id",
    "audit": "id",
}
WAIT_MS = 10_000
"""For the program to finish a write."""


class SqliteDatabase:
    """A file, looked at through connections of our own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "keystead.db"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def rows(self, table: str, **where: object) -> list[Row]:
        condition = _all_of(where)
        return self._run(
            f"SELECT * FROM {table} WHERE {condition} ORDER BY {KEYS[table]}", *where.values()
        )

    def add(self, table: str, rows: list[Row]) -> None:
        if not rows:
            return
        places = ", ".join("?" * len(rows[0]))
        text = f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES ({places})"
        with self._connected() as db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(text, [tuple(row[name] for name in rows[0]) for row in rows])
            db.execute("COMMIT")

    def change(self, table: str, where: Mapping[str, object], **values: object) -> int:
        changes = ", ".join(f"{name} = ?" for name in values)
        text = f"UPDATE {table} SET {changes} WHERE {_all_of(where)} RETURNING 1"
        return len(self._run(text, *values.values(), *where.values()))

    def remove(self, table: str, **where: object) -> int:
        text = f"DELETE FROM {table} WHERE {_all_of(where)} RETURNING 1"
        return len(self._run(text, *where.values()))

    def tables(self) -> set[str]:
        found = self._run("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {row["name"] for row in found}

    def everything(self) -> bytes:
        """The files as they lie on the disk (also the log of recent writes), and their content."""
        with self._connected() as db:
            dump = "\n".join(db.iterdump())
            files = sorted(self.folder.glob(f"{self.path.name}*"))
            return b"".join(file.read_bytes() for file in files) + dump.encode()

    def damage(self) -> list[str]:
        pages = [str(row["integrity_check"]) for row in self._run("PRAGMA integrity_check")]
        orphans = [str(row) for row in self._run("PRAGMA foreign_key_check")]
        return [page for page in pages if page != "ok"] + orphans

    @contextmanager
    def broken(self) -> Iterator[str]:
        """Take tables away: each statement of the program needs one of them."""
        with self.without("users"), self.without("attempts"), self.without("sessions") as reason:
            yield reason

    @contextmanager
    def without(self, table: str) -> Iterator[str]:
        """Take one table away."""
        self._run(f"ALTER TABLE {table} RENAME TO {table}_taken_away")
        try:
            yield "no such table"
        finally:
            self._run(f"ALTER TABLE {table}_taken_away RENAME TO {table}")

    def _run(self, text: str, *parameters: object) -> list[Row]:
        with self._connected() as db:
            return [dict(row) for row in db.execute(text, parameters).fetchall()]

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """The program makes the file at its first start; whoever looks earlier finds it made, too."""
        if not self.path.exists():
            make_file(self.path)
            with closing(connect(self.path, WAIT_MS)) as db:
                bring_up_to_date(db, self.path)
        with closing(sqlite3.connect(self.path, WAIT_MS / 1000, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA foreign_keys = ON")
            yield db


class SqliteServer:
    """Nothing to start."""

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[SqliteDatabase]:
        yield SqliteDatabase(folder)


@contextmanager
def serving(folder: Path) -> Iterator[SqliteServer]:  # noqa: ARG001 - each test has its own.
    yield SqliteServer()


def _all_of(where: Mapping[str, object]) -> str:
    return " AND ".join(f"{name} IS ?" for name in where) or "TRUE"
