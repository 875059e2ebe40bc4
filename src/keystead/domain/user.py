"""Who has an account."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

UserId = NewType("UserId", str)

EmailAddress = NewType("EmailAddress", str)
"""An address in its one canonical form: trimmed, NFC, lower case, the domain as IDNA A-labels."""


class Role(StrEnum):
    """What a user may do; `domain.permissions` has the table."""

    ADMIN = "admin"
    USER = "user"


class Status(StrEnum):
    """Whether a user may sign in."""

    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class User:
    """One account. Its password hash is never part of it; see `Credentials`."""

    id: UserId
    email: EmailAddress
    role: Role
    status: Status
    created_at: datetime
    updated_at: datetime

    @property
    def is_active(self) -> bool:
        """Disabled users cannot sign in and hold no session."""
        return self.status is Status.ACTIVE


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """
    A password as it is stored.

    Args:
        text: a PHC string (`$argon2id$v=19$m=...`), or a hash that another system made, in one of the
            forms of `domain.foreign_hashes`.
        pepper_id: which key was mixed in before hashing; None for hashes made elsewhere, without.

    """

    text: str
    pepper_id: int | None


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and what their password is checked against."""

    user: User
    password: PasswordHash


@dataclass(frozen=True, slots=True)
class UserQuery:
    """
    Which users to list, in the order of their e-mail addresses.

    The address is unique and canonical, so it is the keyset: no page skips or repeats a user while
    others are added.

    Args:
        limit: 1..100.
        after: the last address of the page before.
        search: the beginning of an address; a store takes it lower case and in NFC.

    """

    limit: int
    after: EmailAddress | None = None
    search: str | None = None
    role: Role | None = None
    status: Status | None = None
