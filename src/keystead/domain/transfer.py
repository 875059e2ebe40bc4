"""
Moving from one database to another: what a copy needs of both, and no request ever does.

A copy is written in batches and can be killed at any point. How far it has come stands in the
database that it fills, which is not served before it is whole.
"""

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from keystead.domain.audit import AuditHead, AuditRecord
from keystead.domain.session import Session
from keystead.domain.store import Store
from keystead.domain.user import Credentials

BATCH = 200
"""Rows read, written and committed in one go: what a slow database can do well within its 5 s."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Part(StrEnum):
    """What is moved, in this order: a session needs its user. Leases stay: they run out."""

    USERS = "users"
    SESSIONS = "sessions"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a database holds; sessions that are *over* are not moved."""

    users: int
    sessions: int
    over: int
    audit: int = 0


@dataclass(frozen=True, slots=True)
class CopyState:
    """
    How far the copy into a database has come.

    Args:
        source: the fingerprint of the secrets that belong to the database it is copied from.
        part: what is being copied.
        after: everything of that part up to this id has been; empty at its beginning.
        checksum: of everything, once the copy is whole; None before.
        as_of: which sessions that counted: those that were live then.

    """

    source: str
    part: Part = Part.USERS
    after: str = ""
    checksum: str | None = None
    as_of: datetime | None = None

    @property
    def is_finished(self) -> bool:
        """Whether the database may be served."""
        return self.checksum is not None


class CopyUnfinished(Exception):  # noqa: N818 - named for the fact, like every fault.
    """A copy into this database has begun and is not whole; the text says what to do."""


class Transfer(Store, Protocol):
    """
    A store whose content can be moved; every verb raises `StoreDown` as those of `Store` do.

    Lists come in the order of their ids, by code point. *after* is the last id of the page before,
    or empty to begin; whoever reads page after page sees everything that was there all the time.
    Nothing is asked to read or write more than `BATCH` rows at once.
    """

    async def open_to_read(self) -> bool:
        """
        Connect to what is there and change nothing: a file is neither made nor migrated.

        Returns: False if there is nothing yet, no file or no schema; then nothing is open.
        Raises:  SchemaUnknown: `migrate` has to run first, or this version is too old.
        """

    async def count(self, now: datetime) -> Counts:
        """Count what there is, and which sessions are live at *now*."""

    async def export_users(self, after: str, limit: int) -> list[Credentials]:
        """Return up to *limit* users with their hashes."""

    async def export_sessions(self, after: str, limit: int, now: datetime) -> list[Session]:
        """Return up to *limit* sessions that are live at *now*, of users that are there."""

    async def import_users(self, users: Sequence[Credentials], gone: Sequence[str]) -> None:
        """
        Keep *users* exactly as they are, and remove those with the ids *gone*: all or nothing.

        Whoever has one of the ids already is changed, and their sessions stay. Whoever else has one
        of the addresses is removed: they lost it where this comes from. No guard holds here; what is
        moved was guarded there. Repeating it changes nothing.
        """

    async def import_sessions(self, sessions: Sequence[Session], gone: Sequence[str]) -> None:
        """
        Keep *sessions* exactly as they are, and remove those with the ids *gone*: all or nothing.

        Those of users who are not there are left out. Repeating it changes nothing.
        """

    async def import_audit(self, records: Sequence[AuditRecord], gone: Sequence[str]) -> None:
        """
        Keep *records* exactly as they are, with their places, and remove those with the ids *gone*.

        All or nothing; repeating it changes nothing.
        """

    async def keep_audit_head(self, head: AuditHead | None) -> None:
        """Remember where the log ends, in the place of what was remembered before."""

    async def find_copy(self) -> CopyState | None:
        """Return how far the copy into this database has come, or None if there never was one."""

    async def keep_copy(self, state: CopyState) -> None:
        """Remember how far it has come, in the place of what was remembered before."""


def canonical_user(credentials: Credentials) -> bytes:
    """Return one line with everything that is kept of a user, the same for every database."""
    user, password = credentials.user, credentials.password
    return _line(
        user.id,
        user.email,
        user.role.value,
        user.status.value,
        _millis(user.created_at),
        _millis(user.updated_at),
        password.text,
        password.pepper_id,
    )


def canonical_session(session: Session) -> bytes:
    """Return one line with everything that is kept of a session, the same for every database."""
    client = session.client
    return _line(
        session.id,
        session.user_id,
        session.generation,
        None if session.rotated_at is None else _millis(session.rotated_at),
        session.salt.hex(),
        _millis(session.created_at),
        _millis(session.authenticated_at),
        _millis(session.last_active_at),
        _millis(session.expires_at),
        _millis(session.ends_at),
        client.ip,
        client.user_agent,
        astuple(client.device),
        None if client.place is None else astuple(client.place),
    )


def canonical_record(record: AuditRecord) -> bytes:
    """Return one line with everything that is kept of a record, the same for every database."""
    return _line(
        record.covered().decode(),
        record.ip,
        record.user_agent,
        *(None if each is None else each.hex() for each in (record.salt, record.mac, record.chain)),
        record.seq,
    )


def _line(*values: object) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode() + b"\n"


def _millis(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
