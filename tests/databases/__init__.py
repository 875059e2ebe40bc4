"""
The database that the suite runs on: `make test STORE=sqlite|postgres|mongo`.

Each module named like a store has `serving(folder)`, a context manager that starts a `Server` once
for a test process (or raises `NoServer`), whose `fresh(folder)` gives each test an empty, migrated
database. Tests that look at what is stored, or tamper with it, do so through `Database`, in the
same words whatever is behind it: a table is one of `TABLES`; a row
is a dictionary with the column names of `store/migrations/`, times in whole milliseconds since
1970, salts as bytes, `place` as the JSON text or None. `chosen` says which module is used.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from keystead.settings import PREFIX
from keystead.store import is_embedded

TABLES = ("users", "sessions", "leases", "installation", "attempts", "audit")

OF_THE_AUDIT_LOG = "audit_head"
"""Row of `installation` that moves whenever records are sealed."""

Row = dict[str, Any]


class Database(Protocol):
    """One test's own database, looked at from beside the program."""

    @property
    def url(self) -> str:
        """What goes into `DB_URL`."""

    @property
    def folder(self) -> Path:
        """What `fresh` was given: the program runs there, and leaves its keys and its log there."""

    def rows(self, table: str, **where: object) -> list[Row]:
        """Return the rows with these values, in the order of their ids (or names)."""

    def add(self, table: str, rows: list[Row]) -> None:
        """Put rows in, behind the program's back; for thousands, quickly."""

    def change(self, table: str, where: Mapping[str, object], **values: object) -> int:
        """Change rows behind the program's back. Returns: how many."""

    def remove(self, table: str, **where: object) -> int:
        """Remove rows behind the program's back. Returns: how many."""

    def tables(self) -> set[str]:
        """Return the names of all tables there are, also of those that nobody should have made."""

    def everything(self) -> bytes:
        """
        Return all that is stored, as a thief of the database would have it.

        Texts are in it as UTF-8 and salts as the bytes they are; nothing is compressed.
        """

    def damage(self) -> list[str]:
        """Return what the database itself finds wrong with what it keeps; where it never looks, []."""

    def broken(self) -> AbstractContextManager[str]:
        """
        Let every statement of the program fail meanwhile, and work again afterwards.

        Gives: words that are in the driver's own message then.
        """


class Server(Protocol):
    """What a test process starts once, and where each of its tests gets a database."""

    def fresh(self, folder: Path) -> AbstractContextManager[Database]:
        """
        Give a test an empty, migrated database; *folder* is there, and this database's alone.

        Each is separate from every other one that is alive: a module's server has one while each
        of the module's tests has another, and so has whoever stole a copy. One that was given back
        may be emptied and given again, though a program that was killed may still hang on to it.
        """


class NoServer(Exception):  # noqa: N818 - named for the fact.
    """A server cannot be had on this machine; the text says why and what would help."""


def content(database: Database) -> dict[str, list[Row]]:
    """
    Return the name of every table, and all rows of those that are ours.

    Without what moves although nothing was changed: leases, the audit log, which grows with every
    refusal and is sealed at a moment of its own, and the counters of refusals.
    """
    found = {name: database.rows(name) if name in TABLES else [] for name in database.tables()}
    kept = [row for row in found["installation"] if row["name"] != OF_THE_AUDIT_LOG]
    return {**found, "installation": kept, "audit": [], "leases": [], "attempts": []}


def secrets_of(database: Database) -> Path:
    """Return where the program keeps the keys that go with the database."""
    return database.folder / "keystead.secrets.json"


def settings_of(database: Database) -> dict[str, str]:
    """Return what the program is told of the database. Beside a file it finds the keys by itself."""
    if is_embedded(database.url):
        return {"database_url": database.url}
    return {"database_url": database.url, "secrets_file": str(secrets_of(database))}


def environment_of(database: Database) -> dict[str, str]:
    """Return the same, as variables of the environment."""
    return {f"{PREFIX}{name.upper()}": value for name, value in settings_of(database).items()}
