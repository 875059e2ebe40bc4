"""The two kinds of token, and what can come of presenting one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType

from keystead.domain.session import Session, SessionId, SignedIn
from keystead.domain.user import UserId

AccessTokenText = NewType("AccessTokenText", str)
RefreshTokenText = NewType("RefreshTokenText", str)

DeviceTokenText = NewType("DeviceTokenText", str)
"""`ksd_...`: what a browser keeps to show that it is a known device of one account."""


CLOCK_SKEW = timedelta(seconds=10)
"""How far ahead another host's clock may be: `iat` and `nbf` get that grace, `exp` gets none."""


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a verified access token says: who, under which session, from when until when. Never a role."""

    user_id: UserId
    session_id: SessionId
    not_before: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """
    What a refresh token says of itself once its seal holds; its proof still needs the session's salt.

    Args:
        key_id: which refresh key made it, 1..255.
        generation: 0..2**32-1.
        head: the signed bytes, as presented.
        proof: the MAC over *head* and the session's salt, as presented.

    """

    key_id: int
    session_id: SessionId
    generation: int
    head: bytes
    proof: bytes


@dataclass(frozen=True, slots=True)
class Rotated:
    """The presented generation was the newest; the session now holds its successor."""

    signed_in: SignedIn


@dataclass(frozen=True, slots=True)
class Superseded:
    """The presented generation is one behind the newest, which came into being at *rotated_at*."""

    signed_in: SignedIn
    rotated_at: datetime


@dataclass(frozen=True, slots=True)
class Reused:
    """The presented generation is two or more behind: it was used before, more than once ago."""

    session: Session


@dataclass(frozen=True, slots=True)
class Unknown:
    """
    No live session stands behind it.

    Also the answer for a generation ahead of the stored one: that is what a database restored from
    a back-up looks like, and no reason to accuse anybody.
    """


RotationOutcome = Rotated | Superseded | Reused | Unknown


def judge(found: SignedIn | None, generation: int, now: datetime) -> RotationOutcome:
    """Say what presenting *generation* means, given that it was not the newest and live."""
    if found is None or not found.is_live(now):
        return Unknown()
    behind = found.session.generation - generation
    if behind == 1 and found.session.rotated_at is not None:
        return Superseded(found, found.session.rotated_at)
    return Reused(found.session) if behind > 1 else Unknown()
