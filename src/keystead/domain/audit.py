"""
What the audit log holds: one record for each event, and what makes a change to it show.

A record is complete when it is written: a MAC covers all of it. Its place is given a moment later,
when it is *sealed*: a number without a gap, and a chain value that covers everything before it.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from keystead.domain.user import UserId

VERSION = 1
"""Of the text that a MAC covers; the first thing in it."""

SEALED_WITHIN = timedelta(seconds=60)
"""
From being written to having a place, where a server runs.

Twice the 30 s after which one process takes over from another that died; seconds as a rule.
"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """
    One event, as it is kept for good.

    Args:
        id: a UUID of version 7; its first 48 bits are *at*, so ids sort by time.
        name, severity: as texts: a newer version may have written a name that this one lacks.
        network: the client's network; stays when *ip*, *user_agent* and *salt* are erased.
        digest: SHA-256 over *ip*, *user_agent* and *salt*, which makes it useless without the salt.
        key_id: whose keys the MAC and the chain value are made with.
        mac: HMAC-SHA-256 over everything above it but what is erased.
        seq: the place in the log, from 1; None until it is sealed.
        chain: HMAC-SHA-256 over the chain value before, *seq* and *mac*; None until it is sealed.

    """

    id: str
    at: datetime
    name: str
    severity: str
    actor: str | None
    subject: str | None
    session: str | None
    ended: str | None
    detail: str | None
    network: str | None
    ip: str | None
    user_agent: str | None
    salt: bytes | None
    digest: bytes
    key_id: int
    mac: bytes = b""
    seq: int | None = None
    chain: bytes | None = None

    def is_overdue(self, now: datetime) -> bool:
        """Say whether it should have had its place before *now*, and has none."""
        return self.seq is None and self.at < now - SEALED_WITHIN

    @property
    def is_trimmed(self) -> bool:
        """Whether the exact address and the user agent were erased, as they are after a while."""
        return self.salt is None

    def covered(self) -> bytes:
        """Return the text that the MAC covers, the same for every database."""
        return text_of(
            VERSION,
            self.id,
            _millis(self.at),
            self.name,
            self.severity,
            self.actor,
            self.subject,
            self.session,
            self.ended,
            self.detail,
            self.network,
            self.digest.hex(),
            self.key_id,
        )


@dataclass(frozen=True, slots=True)
class AuditHead:
    """
    Where the log ends: what shows that its newest records are gone.

    Kept apart from the records, and worth more outside the database: who can put back an older head
    with the older records cannot put it back there.
    """

    seq: int
    chain: bytes
    key_id: int
    mac: bytes


@dataclass(frozen=True, slots=True)
class Seal:
    """The place that a record is given."""

    id: str
    seq: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """
    Which records to list, newest first.

    Args:
        limit: 1..100.
        before: the last id of the page before.

    """

    limit: int
    before: str | None = None
    actor: UserId | None = None
    subject: UserId | None = None
    name: str | None = None


class Damage(StrEnum):
    """What was done to the log behind the program's back."""

    CHANGED = "changed"
    MISSING = "missing"
    REORDERED = "reordered"
    INSERTED = "inserted"
    TRUNCATED = "truncated"
    UNSEALED = "unsealed"


class AuditDamaged(Exception):  # noqa: N818 - named for the fact, like every fault.
    """The log cannot be gone on with: it does not end, or does not grow, as this program writes it."""


def first_id_at(moment: datetime) -> str:
    """Return what sorts before every id of *moment* and later, and after all earlier ones."""
    digits = f"{max(0, _millis(moment)):012x}"
    return f"{digits[:8]}-{digits[8:]}"


def text_of(*values: object) -> bytes:
    """Write *values* down so that no two lists of them have the same text."""
    return json.dumps(values, separators=(",", ":")).encode()


def _millis(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
