"""
Accounts of the reference system: a Node, Express and MongoDB service with the API that ours has.

What its documents hold is not to be relied on: nothing but its own code ever checked them.
"""

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from keystead.domain.user import PasswordHash, Role, UserId

OBJECT_ID = re.compile(r"[0-9a-f]{24}")

BCRYPT = re.compile(r"\$2[aby]\$(?:0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}")
"""Up to cost 16: checking one takes seconds, and each further step twice as long."""

_LOW_62_BITS = 2**62 - 1


class Unusable(Exception):  # noqa: N818 - named for the fact, like every fault.
    """Something in a document that no account can be made of; the text says what."""


@dataclass(frozen=True, slots=True)
class ReferenceUser:
    """
    A user document as it was found; anything may be missing (None) or of any type.

    Args:
        id: the 24 hex digits of its ObjectId, or whatever stands there, as text.

    """

    id: str
    email: object
    password: object
    role: object
    created_at: object
    updated_at: object


class ReferenceSystem(Protocol):
    """The database of such a system; only read."""

    async def count(self) -> dict[str, int]:
        """
        Return how many documents the collections of users, sessions and refresh tokens have.

        Raises: StoreDown: the database does not answer.
        """

    def users(self) -> AsyncGenerator[ReferenceUser]:
        """Yield every user document in the order of ids, so the oldest first. Raises: StoreDown."""


def new_id(object_id: str) -> UserId:
    """
    Turn an ObjectId into a UUID, version 7; the same one always becomes the same.

    Its time, in seconds, becomes that of the UUID; its other 64 bits become the last ones, so no
    two become the same, and the ObjectId can be read back.

    Source: RFC 9562 section 5.7.
    Raises: Unusable.
    """
    if not OBJECT_ID.fullmatch(object_id):
        raise Unusable("its _id is no ObjectId")
    milliseconds, rest = int(object_id[:8], 16) * 1000, int(object_id[8:], 16)
    high, low = rest >> 62, rest & _LOW_62_BITS
    text = f"{milliseconds:012x}{0x7000 | high:04x}{0b10 << 62 | low:016x}"
    return UserId(f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")


def password_hash(found: object) -> PasswordHash:
    """Return the hash as ours is kept. Raises: Unusable: it is none that bcrypt made."""
    if found is None:
        raise Unusable("it has no password")
    if not isinstance(found, str) or not BCRYPT.fullmatch(found):
        raise Unusable("its password is no bcrypt hash of cost 4 to 16")
    return PasswordHash(found, pepper_id=None)


def role(found: object) -> Role:
    """Return the role of the same name. Raises: Unusable: there is none."""
    if found is None:
        raise Unusable("it has no role")
    if not isinstance(found, str) or found not in list(Role):
        raise Unusable("its role is neither user nor admin")
    return Role(found)


def moment(found: object, otherwise: datetime) -> datetime:
    """Return a time in whole milliseconds, or *otherwise* if there is none that can be used."""
    if not isinstance(found, datetime) or found.tzinfo is None:
        return otherwise
    return found.astimezone(UTC).replace(microsecond=found.microsecond // 1000 * 1000)


def made_at(object_id: str) -> datetime:
    """Return the time in an ObjectId, to the second."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(object_id[:8], 16))
