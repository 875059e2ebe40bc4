"""A PostgreSQL URL as libpq spells it: which hosts, which options; refused if it cannot be meant."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from keystead.store import UnknownDatabase

OPTIONS = {
    "sslmode": "disable|allow|prefer|require|verify-ca|verify-full",
    "sslrootcert": ".+",
    "sslcert": ".+",
    "sslkey": ".+",
    "sslcrl": ".+",
    "sslnegotiation": "postgres|direct",
    "target_session_attrs": "primary|read-write",  # A standby does not know yet what was revoked.
    "application_name": ".+",
    "passfile": ".+",
    "host": "/.*",
    "port": r"\d{1,5}",
    "user": ".+",
    "password": ".*",
    "dbname": ".+",
}
"""Those that the driver knows, and what each may be. It would send any other to the server as a
setting of its own, and every connection would be refused; timeouts are in `postgres_connection.py`."""

HOST = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\[\]:@/?#]+)(?::(\d{1,5}))?")

DEFAULT_PORT = 5432
MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Target:
    """
    Where to connect.

    Args:
        url: for the driver, which takes name, password, database and options from it.
        hosts: with their ports, in the order to try; none if the URL leaves it to the options.
        must_write: take no host but one that takes writes.

    """

    url: str
    hosts: tuple[tuple[str, int], ...]
    must_write: bool = False

    def __repr__(self) -> str:
        """Show the hosts only: the URL may hold a password."""
        return f"Target({self.hosts})"


def read_url(url: str) -> Target:
    """
    Read `postgresql://user:password@host:port,host:port/database?option=value`.

    Raises: UnknownDatabase: with what is wrong, and no more of the URL than the names of its options.
    """
    try:
        parts = urlsplit(url)
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise _unreadable() from None
    # An "@" elsewhere means that the password holds one of "/?#@", and what is taken for an option
    # or a database is a part of it.
    if parts.fragment or "@" in parts.path + parts.query or parts.netloc.count("@") > 1:
        raise _unreadable()
    hosts = tuple(_host(text) for text in parts.netloc.rpartition("@")[2].split(",") if text)
    _check(options)
    # Of several hosts the others are standbys, where a session that was ended lives on for a while.
    is_said = any(name == "target_session_attrs" for name, _ in options)
    return Target(url, hosts, must_write=len(hosts) > 1 and not is_said)


def _host(text: str) -> tuple[str, int]:
    found = HOST.fullmatch(text)
    port = int((found and found[2]) or DEFAULT_PORT)
    if found is None or not 0 < port <= MAX_PORT:
        raise _unreadable()
    return unquote(found[1].strip("[]")), port


def _check(options: list[tuple[str, str]]) -> None:
    for name, value in options:
        if name not in OPTIONS:
            shown = name if name.isidentifier() else "that cannot be read"
            raise UnknownDatabase(
                f"DB_URL has an option {shown}; allowed after the '?': {', '.join(OPTIONS)}"
            )
        if not re.fullmatch(OPTIONS[name], value):
            allowed = OPTIONS[name].replace("|", ", ")
            raise UnknownDatabase(f"DB_URL has a {name} that cannot be; allowed: {allowed}")


def _unreadable() -> UnknownDatabase:
    return UnknownDatabase(
        "DB_URL is no PostgreSQL URL; allowed: postgresql://user:password@host:5432/database, where "
        "each of @ : / ? # % in a name or password is written as %40 %3A %2F %3F %23 %25"
    )
