"""What a MongoDB URL may say, and what holds whatever it says."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from keystead.store import UnknownDatabase

DEFAULT_DATABASE = "keystead"

ONLY = {
    "w": "majority",
    "journal": "true",
    "readconcernlevel": "majority",
    "readpreference": "primary",
    "retrywrites": "true",
}
"""A weaker one would let an acknowledged revocation be lost, or a read miss it."""

NEVER = {"readpreferencetags", "maxstalenessseconds", "timeoutms"}
"""The first two read from secondaries; the last changes a command from one attempt to the next."""

HEARTBEAT_MS = 1000
"""How often each server is looked at: bounds how long a new primary goes unnoticed."""


def database_name(url: str) -> str:
    """Return the database that the path of *url* names."""
    return unquote(urlsplit(url).path.strip("/")) or DEFAULT_DATABASE


def refuse_weaker(url: str) -> None:
    """
    Refuse a URL that asks for less durability or for older reads than the store promises.

    Raises: UnknownDatabase: naming the option, never the URL.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # A password with a character that has to be encoded.
        raise unreadable() from None
    # An "@" behind the hosts: what looks like an option is a part of the password.
    if parts.fragment or "@" in parts.path + parts.query:
        raise unreadable()
    # The driver takes a semicolon between two options, too.
    for name, value in parse_qsl(parts.query.replace(";", "&"), keep_blank_values=True):
        option = name.lower()
        if option in NEVER:
            raise UnknownDatabase(f"DB_URL has the option {option}: leave it out")
        if option in ONLY and value.lower() != ONLY[option]:
            raise UnknownDatabase(
                f"DB_URL says another {option} than {ONLY[option]}, which alone keeps what was "
                "acknowledged: leave it out"
            )


def unreadable() -> UnknownDatabase:
    """Return the refusal of a URL that cannot be meant; it shows nothing of it."""
    return UnknownDatabase(
        "DB_URL is no MongoDB URL that can be read: mongodb://user:password@host/database?options, "
        "with user and password percent-encoded, and options as the driver knows them (tls=true)"
    )


def client_options(pool: int, socket_seconds: float) -> dict[str, Any]:
    """
    Return what is said to the driver beside the URL; where both say something, this holds.

    Args: socket_seconds: how long one answer may take; 0 for any time.
    """
    return {
        "appname": "keystead",
        "maxPoolSize": pool,
        "serverSelectionTimeoutMS": 2000,
        "connectTimeoutMS": 2000,
        "socketTimeoutMS": round(socket_seconds * 1000),
        "waitQueueTimeoutMS": 2000,
        "heartbeatFrequencyMS": HEARTBEAT_MS,
        "retryWrites": True,
        "retryReads": True,
    }
