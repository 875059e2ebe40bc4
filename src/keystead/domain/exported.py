"""
A line of the file that `keystead import file` reads: an account, as whoever exported it wrote it.

A member that nobody knows is no account's: `stauts` would let in whom `status` keeps out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from keystead.domain.foreign import (
    EPOCH,
    Draft,
    Unusable,
    in_milliseconds,
    milliseconds_of,
    user_id,
)
from keystead.domain.foreign_hashes import password_hash
from keystead.domain.user import Role, Status, UserId

MEMBERS = frozenset({"id", "email", "password", "role", "status", "created"})

UUID_FORM = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)

CLOCKS_DIFFER = timedelta(days=1)
"""And time zones that were not written down."""

MAX_NUMBER = 2**62 - 1
"""So that it can be read back from the id that is made of it."""


@dataclass(frozen=True, slots=True)
class ExportedUser:
    """
    An account as a line of the file says it.

    Args:
        line: its number, from 1.
        members: of the JSON object that the line is; None if it is none.

    """

    line: int
    members: Mapping[str, object] | None

    @property
    def id(self) -> str:
        """See `ForeignUser.id`."""
        found = (self.members or {}).get("id")
        return "" if found is None else str(found)

    @property
    def where(self) -> str:
        """See `ForeignUser.where`."""
        return f"line {self.line}, id {self.id}" if self.id else f"line {self.line}"

    def draft(self, now: datetime) -> Draft:
        """See `ForeignUser.draft`."""
        members = self.members
        if members is None:
            raise Unusable("it is no JSON object, or longer than 64 KiB")
        if unknown := members.keys() - MEMBERS:
            raise Unusable(f"it has a member that is not known: {min(unknown)}")
        created_at = _moment(members.get("created"), now)
        return Draft(
            id=_id(members.get("id"), created_at or EPOCH),
            email=members.get("email"),
            password=password_hash(members.get("password")),
            role=_role(members.get("role")),
            status=_status(members.get("status")),
            created_at=created_at or now,
            updated_at=created_at or now,
        )


def _id(found: object, created_at: datetime) -> UserId:
    """Return a UUID as it is, or one made of a number and a time, which can be read back."""
    match found:
        case str() if UUID_FORM.fullmatch(found):
            return UserId(str(UUID(found)))
        case bool():
            pass
        case int() if 0 <= found <= MAX_NUMBER:
            return user_id(milliseconds_of(created_at), found)
    raise Unusable("its id is neither a UUID nor a whole number")


def _role(found: object) -> Role:
    if found is None:
        return Role.USER
    if not isinstance(found, str) or found not in list(Role):
        raise Unusable("its role is neither user nor admin")
    return Role(found)


def _status(found: object) -> Status:
    if found is None:
        return Status.ACTIVE
    if not isinstance(found, str) or found not in list(Status):
        raise Unusable("its status is neither active nor disabled")
    return Status(found)


def _moment(found: object, now: datetime) -> datetime | None:
    """Return a time, in UTC where it does not say."""
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(found)  # type: ignore[arg-type] # what is no text raises
        moment = in_milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (TypeError, ValueError, OverflowError):
        raise Unusable("its created is no time, such as 2024-01-02T03:04:05Z") from None
    if moment < EPOCH:
        raise Unusable("its created is before 1970")
    if moment > now + CLOCKS_DIFFER:
        raise Unusable("its created is yet to come")
    return moment
