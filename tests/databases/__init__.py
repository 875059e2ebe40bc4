"""
The database that the suite runs on: `make test STORE=sqlite|postgres|mongo`.

Each module here has `serving(folder)`, a context manager that starts a `Server` once for a test
process (or raises `NoServer`), whose `fresh()` gives each test an empty, migrated database. Tests that look at what is stored, or tamper with it, do so through
`Database`, in the same words whatever is behind it: a table is `users`, `sessions`, `leases` or
`installation`; a row is a dictionary with the column names of `store/migrations/`, times in whole
milliseconds since 1970, salts as bytes, `place` as the JSON text or None.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

TABLES = ("users", "sessions", "leases", "installation")

Row = dict[str, Any]


class Database(Protocol):
    """One test's own database, looked at from beside the program."""

    @property
    def url(self) -> str:
        """What goes into `DB_URL`."""

    def rows(self, table: str, **where: object) -> list[Row]:
        """Return the rows with these values, in the order of their ids (or names)."""

    def add(self, table: str, rows: list[Row]) -> None:
        """Put rows in, behind the program's back; for thousands, quickly."""

    def change(self, table: str, where: Mapping[str, object], **values: object) -> int:
        """Change rows behind the program's back. Returns: how many."""

    def remove(self, table: str, **where: object) -> int:
        """Remove rows behind the program's back. Returns: how many."""

    def everything(self) -> bytes:
        """Return all that is stored, as a thief of the database would have it."""

    def broken(self) -> AbstractContextManager[None]:
        """Let every statement of the program fail meanwhile, and work again afterwards."""


class Server(Protocol):
    """What a test process starts once, and where each of its tests gets a database."""

    def fresh(self, folder: Path) -> AbstractContextManager[Database]:
        """Give a test an empty, migrated database; *folder* is the test's own."""


class NoServer(Exception):  # noqa: N818 - named for the fact.
    """A server cannot be had on this machine; the text says why and what would help."""
