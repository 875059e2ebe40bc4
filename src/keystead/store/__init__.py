"""
Where accounts are kept: one port, one adapter for each database.

Owns the drivers, the SQL and the schema. Must not decide anything a flow should decide, and never
returns a row: only domain objects. Every verb is atomic, and committed when it returns.
"""

import re
from urllib.parse import urlsplit

from keystead.domain.transfer import Transfer
from keystead.store.migrations import SchemaUnknown
from keystead.store.sqlite import SqliteStore, sqlite_path
from keystead.store.sqlite_ballast import Tell, nobody

SQLITE_URL = re.compile(r"sqlite:///(?!:memory:)[^?#]*[^?#/]")
"""A path, and nothing else: a database in memory could not be shared, and options are settings."""

HOSTS = re.compile(r"[\w.:,\[\]-]*")
DATABASE = re.compile(r"(/[\w.-]*)?")

MASK = "********"

__all__ = [
    "SchemaUnknown",
    "UnknownDatabase",
    "is_embedded",
    "open_store",
    "product_of",
    "sqlite_path",
    "without_secrets",
]


class UnknownDatabase(Exception):  # noqa: N818 - named for the fact, like every fault.
    """No adapter speaks to such a database."""


def is_embedded(url: str) -> bool:
    """Say whether the database is a file of ours: migrated at the start, up as long as we are."""
    return _scheme(url) == "sqlite"


def product_of(url: str) -> str:
    """Return the name of the product that *url* is of, as it writes it itself."""
    scheme = _scheme(url)
    if scheme.startswith("mongodb"):
        return "MongoDB"
    return "SQLite" if scheme == "sqlite" else "PostgreSQL"


def without_secrets(url: str) -> str:
    """
    Return a database URL as an operator may see it: of a server, its hosts and the database's name.

    Options are left out, since one may be a password; of what cannot be read, nothing is shown.
    """
    if is_embedded(url):
        return url  # A path has nothing to hide.
    try:
        parts = urlsplit(url)
    except ValueError:  # A bracket that belongs to a password.
        return MASK
    credentials, at, hosts = parts.netloc.rpartition("@")
    is_plain = HOSTS.fullmatch(hosts) and DATABASE.fullmatch(parts.path)
    # An "@" after the hosts: what looks like a host is the beginning of a password.
    if not is_plain or "@" in credentials + parts.query + parts.fragment:
        return MASK
    return f"{parts.scheme}://{MASK + at if at else ''}{hosts}{parts.path}"


def open_store(url: str, pool: int = 1, tell: Tell = nobody) -> Transfer:
    """
    Return the adapter for a database URL, not yet connected.

    Args:   pool: connections it may keep to a server. tell: called with an event name and its reason.
    Raises: UnknownDatabase: naming the scheme or an option, since a URL may hold a password.
    """
    scheme = _scheme(url)
    # Each driver is loaded only by those who use it: together they would double the idle memory.
    match scheme:
        case "sqlite" if SQLITE_URL.fullmatch(url):
            return SqliteStore(sqlite_path(url), tell)
        case "postgresql" | "postgres":
            from keystead.store.postgres import PostgresStore  # noqa: PLC0415 - see above.

            return PostgresStore(url, pool)
        case "mongodb" | "mongodb+srv":
            from keystead.store.mongo import MongoStore  # noqa: PLC0415 - see above.

            return MongoStore(url, pool)
        case _:
            raise UnknownDatabase(
                f"DB_URL begins with {scheme or 'nothing'!r}; allowed: sqlite:///relative.db or "
                "sqlite:////absolute.db, without options; postgresql://..., mongodb://..., "
                "mongodb+srv://..."
            )


def _scheme(url: str) -> str:
    # `urlsplit` would refuse some whole URLs, with a password of certain characters for instance.
    return url.partition(":")[0] if ":" in url else ""
