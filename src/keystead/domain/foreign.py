"""
Accounts of other systems, which can be taken over.

What they hold is not to be relied on: nothing of ours ever checked it.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from keystead.domain.user import PasswordHash, Role, Status, UserId

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_LOW_62_BITS = 2**62 - 1


class Unusable(Exception):  # noqa: N818 - named for the fact, like every fault.
    """Something of an account that none of ours can be made of; the text says what."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An account in our terms, all but its address, which is as it was found: of any type."""

    id: UserId
    email: object
    password: PasswordHash
    role: Role
    status: Status
    created_at: datetime
    updated_at: datetime


class ForeignUser(Protocol):
    """An account as it was found there."""

    @property
    def id(self) -> str:
        """Its id there, or whatever stands in its place, as text."""

    @property
    def where(self) -> str:
        """What somebody finds it by who has to repair it."""

    def draft(self, now: datetime) -> Draft:
        """Say what it would be here. Raises: Unusable."""


class ForeignSystem(Protocol):
    """Where such accounts are; only read."""

    async def count(self) -> dict[str, int]:
        """
        Return how much there is of each kind, `users` among them.

        Raises: StoreDown: it does not answer.
        """

    def users(self) -> AsyncGenerator[ForeignUser]:
        """Yield every account, the one that has the better right to its address first. Raises: StoreDown."""


def user_id(milliseconds: int, rest: int) -> UserId:
    """
    Put a UUID of version 7 together, from which both can be read back.

    Args:   milliseconds: its time since 1970, below 2**48. rest: below 2**64; becomes its last bits.
    Source: RFC 9562 section 5.7.
    """
    high, low = rest >> 62, rest & _LOW_62_BITS
    text = f"{milliseconds:012x}{0x7000 | high:04x}{0b10 << 62 | low:016x}"
    return UserId(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")


def in_milliseconds(found: datetime) -> datetime:
    """Return a time as it is kept here: in UTC and whole milliseconds."""
    return found.astimezone(UTC).replace(microsecond=found.microsecond // 1000 * 1000)


def milliseconds_of(found: datetime) -> int:
    """Return the milliseconds since 1970."""
    return (found - EPOCH) // timedelta(milliseconds=1)
