"""
What an error of PostgreSQL means, by its SQLSTATE; never by the text of a message.

Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

import asyncpg

TRY_AGAIN = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: the server undid everything, and asks for the same again."""

NOT_OURS = frozenset({"26000", "42P05"})
"""A prepared statement is missing, or there already: the session behind the connection changes."""

REFUSED_PARAMETER = "08P01"
"""PgBouncer's answer to a startup parameter that it cannot keep; nobody else is given it at start."""

READ_ONLY = "25006"
SCHEMA_MISSING = "42P01"

DOWN = frozenset(
    {
        "57P01",  # shut down
        "57P02",  # crashed
        "57P03",  # starting
        "57P04",  # the database was dropped
        "57P05",  # idle for too long
        "25P03",  # the same, in a transaction
        "57014",  # took too long
        "55P03",  # waited too long for a lock
        "3D000",  # no such database
        READ_ONLY,
        SCHEMA_MISSING,
    }
)
"""The database cannot be used, or not now."""

DOWN_CLASSES = frozenset({"08", "28", "53", "58", "XX"})
"""Connections, who may connect, full (disk, memory, connections), I/O, damage."""

_DRIVER = (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)


class Busy(Exception):  # noqa: N818 - named for the fact, like every fault.
    """No connection became free in time, or too many wait for one already."""


def is_down(error: BaseException) -> bool:
    """Say whether the database cannot be used now; any other error is a bug of ours."""
    if isinstance(error, asyncpg.PostgresError):
        code = code_of(error)
        return code in DOWN | TRY_AGAIN or code[:2] in DOWN_CLASSES
    return isinstance(error, (Busy, *_DRIVER))


def reason_of(error: Exception) -> Exception:
    """Return what an operator can be told: an error with a text."""
    return error if str(error) else TimeoutError("no answer in time")


def is_stale(error: BaseException) -> bool:
    """Say whether a prepared statement no longer fits the schema; then it did nothing."""
    return isinstance(error, asyncpg.InvalidCachedStatementError)


def is_lost(error: BaseException) -> bool:
    """Say whether the connection broke, so that others made before it may be broken too."""
    if isinstance(error, asyncpg.PostgresError):
        code = code_of(error)
        return code[:2] == "08" or code.startswith("57P")
    is_broken = isinstance(error, (asyncpg.InterfaceError, OSError))
    return is_broken and not isinstance(error, TimeoutError)  # Which is an OSError.


def leaves_connection_whole(error: BaseException) -> bool:
    """Say whether a connection can be used again after *error*: the server has answered in full."""
    if not isinstance(error, asyncpg.PostgresError):
        return not isinstance(error, (*_DRIVER, Busy)) and isinstance(error, Exception)
    code = code_of(error)
    return code in TRY_AGAIN or not (is_down(error) or code in NOT_OURS or is_stale(error))


def code_of(error: BaseException) -> str:
    """Return the five characters of an SQLSTATE, or nothing."""
    return str(getattr(error, "sqlstate", None) or "")
