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
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        option = name.lower()
        if option in NEVER:
            raise UnknownDatabase(f"DB_URL has the option {name}: leave it out")
        if option in ONLY and value.lower() != ONLY[option]:
            raise UnknownDatabase(
                f"DB_URL says {name}={value}: leave it out, since only {name}={ONLY[option]} "
                "keeps what was acknowledged"
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
