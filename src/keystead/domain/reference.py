"""
Accounts of the reference system: a Node, Express and MongoDB service with the API that ours has.

What its documents hold is not to be relied on: nothing but its own code ever checked them.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from keystead.domain.foreign import EPOCH, Draft, Unusable, in_milliseconds, user_id
from keystead.domain.foreign_hashes import BCRYPT
from keystead.domain.user import PasswordHash, Role, Status, UserId

OBJECT_ID = re.compile(r"[0-9a-f]{24}")


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

    @property
    def where(self) -> str:
        """See `ForeignUser.where`."""
        return self.id

    def draft(self, now: datetime) -> Draft:  # noqa: ARG002 - its id has a time.
        """See `ForeignUser.draft`."""
        new = new_id(self.id)
        created_at = moment(self.created_at, made_at(self.id))
        return Draft(
            id=new,
            email=self.email,
            role=role(self.role),
            password=password_hash(self.password),
            status=Status.ACTIVE,
            created_at=created_at,
            updated_at=moment(self.updated_at, created_at),
        )


def new_id(object_id: str) -> UserId:
    """
    Turn an ObjectId into a UUID, version 7; the same one always becomes the same.

    Its time, in seconds, becomes that of the UUID; its other 64 bits become the last ones, so no
    two become the same, and the ObjectId can be read back.

    Raises: Unusable.
    """
    if not OBJECT_ID.fullmatch(object_id):
        raise Unusable("its _id is no ObjectId")
    return user_id(int(object_id[:8], 16) * 1000, int(object_id[8:], 16))


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
    return in_milliseconds(found)


def made_at(object_id: str) -> datetime:
    """Return the time in an ObjectId, to the second."""
    return EPOCH + timedelta(seconds=int(object_id[:8], 16))
