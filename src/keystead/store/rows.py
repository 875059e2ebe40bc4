"""Between rows and domain objects: the order of columns is that of `sql.USER` and `sql.SESSION`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from keystead.domain.session import Client, Device, Place, Session, SignedIn
from keystead.domain.throttle import Limit, Tally
from keystead.domain.transfer import CopyState, Part
from keystead.domain.user import (
    Credentials,
    PasswordHash,
    Role,
    Status,
    User,
)

Row = Sequence[Any]

REMEMBERED = 4096
"""Rows kept with what was made of them, about 8 MiB when full: the sessions in use."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_ROLES = {role.value: role for role in Role}
_STATUSES = {status.value: status for status in Status}
_SESSION_COLUMNS = 16


def to_millis(moment: datetime) -> int:
    """Return whole milliseconds since 1970, rounded down."""
    return (moment - _EPOCH) // _MILLISECOND


def from_millis(millis: int) -> datetime:
    """Return the moment, in UTC."""
    return datetime.fromtimestamp(millis / 1000, UTC)


def can_be_kept(*values: object) -> bool:
    """
    Say whether no text among *values* holds NUL or half of a surrogate pair.

    PostgreSQL keeps no NUL, and no database keeps what is not Unicode: what is looked up by such a
    text cannot be there.
    """
    for value in values:
        if isinstance(value, str) and ("\0" in value or not (value.isascii() or is_text(value))):
            return False
    return True


def user_from(row: Row) -> User:
    """Build a user from the columns of `sql.USER`."""
    id_, email, role, status, created_at, updated_at = row
    return User(
        id=id_,
        email=email,
        role=_ROLES[role],
        status=_STATUSES[status],
        created_at=from_millis(created_at),
        updated_at=from_millis(updated_at),
    )


def credentials_from(row: Row) -> Credentials:
    """Build credentials from the columns of `sql.FIND_CREDENTIALS`."""
    *user, text, pepper_id = row
    return Credentials(user_from(user), PasswordHash(text, pepper_id))


def session_from(row: Row) -> Session:
    """Build a session from the columns of `sql.SESSION`."""
    rotated_at, place = row[3], row[14]
    return Session(
        id=row[0],
        user_id=row[1],
        generation=row[2],
        rotated_at=None if rotated_at is None else from_millis(rotated_at),
        salt=row[4],
        created_at=from_millis(row[5]),
        authenticated_at=from_millis(row[15]),
        last_active_at=from_millis(row[6]),
        expires_at=from_millis(row[7]),
        ends_at=from_millis(row[8]),
        client=Client(
            ip=row[9],
            user_agent=row[10],
            device=Device(row[11], row[12], row[13]),
            place=None if place is None else Place(**json.loads(place)),
        ),
    )


@lru_cache(REMEMBERED)
def signed_in_from(row: Row) -> SignedIn:
    """
    Build a session and its user from the columns of `sql.FIND_SESSION`.

    Remembered by all that was read, never instead of reading: a row that differs in anything is
    another row. Args: row: hashable, as tuples and asyncpg's records are.
    """
    return SignedIn(session_from(row[:_SESSION_COLUMNS]), user_from(row[_SESSION_COLUMNS:]))


def rotated(session: Session, generation: int, now: datetime, expires_at: datetime) -> Session:
    """Return what `sql.ROTATE_REFRESH_TOKEN` makes of *session*, as it would be read."""
    moment = from_millis(to_millis(now))
    return replace(
        session,
        generation=generation + 1,
        rotated_at=moment,
        last_active_at=moment,
        expires_at=from_millis(to_millis(expires_at)),
    )


def from_user(user: User, password: PasswordHash) -> Row:
    """Return the parameters of `sql.ADD_USER`."""
    return (
        user.id,
        user.email,
        user.role.value,
        user.status.value,
        to_millis(user.created_at),
        to_millis(user.updated_at),
        password.text,
        password.pepper_id,
    )


def from_session(session: Session) -> Row:
    """Return the parameters of `sql.OPEN_SESSION`."""
    client, device = session.client, session.client.device
    return (
        session.id,
        session.user_id,
        session.generation,
        None if session.rotated_at is None else to_millis(session.rotated_at),
        session.salt,
        to_millis(session.created_at),
        to_millis(session.last_active_at),
        to_millis(session.expires_at),
        to_millis(session.ends_at),
        client.ip,
        client.user_agent,
        device.name,
        device.browser,
        device.os,
        None if client.place is None else json.dumps(asdict(client.place)),
        to_millis(session.authenticated_at),
    )


def from_attempt(key: str, limit: Limit, now: datetime) -> Row:
    """Return the parameters of `sql_attempts.COUNT_ATTEMPT`."""
    moment, expiry = to_millis(now), to_millis(now + limit.memory)
    open_at = to_millis(now + limit.wait_after_first) if limit.wait_after_first else 0
    return (
        key,
        moment,
        expiry,
        open_at,
        None if limit.memory_at_stop is None else to_millis(now + limit.memory_at_stop),
        limit.free,
        limit.stop,
        limit.first_wait // _MILLISECOND,
        limit.doublings,
        limit.longest_wait // _MILLISECOND,
    )


def tally_from(row: Row, limit: Limit, now: datetime, *, is_counted: bool) -> Tally:
    """Build a tally from what `sql_attempts.COUNT_ATTEMPT` returns."""
    return Tally(limit, row[0], max(now, from_millis(row[1])), is_counted)


def copy_state_from(text: str) -> CopyState:
    """Read what `from_copy_state` wrote."""
    found = json.loads(text)
    as_of = None if found["as_of"] is None else from_millis(found["as_of"])
    return CopyState(**{**found, "part": Part(found["part"]), "as_of": as_of})


def from_copy_state(state: CopyState) -> str:
    """Return the text that is kept under the name `copy`."""
    as_of = None if state.as_of is None else to_millis(state.as_of)
    return json.dumps({**asdict(state), "as_of": as_of})


def is_text(text: str) -> bool:
    """Say whether any database can keep *text*: it has no lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
