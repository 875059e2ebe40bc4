"""
What the flows need from the outside, as protocols; `assembly` decides who fulfils them.

The largest, the store, has a file of its own.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from keystead.domain.events import Event
from keystead.domain.session import Device, Place, Session, SessionId, SignedIn
from keystead.domain.tokens import AccessClaims, AccessTokenText, RefreshToken, RefreshTokenText
from keystead.domain.user import EmailAddress, PasswordHash


class Passwords(Protocol):
    """Hashing, off the event loop and bounded."""

    async def hash(self, password: str) -> PasswordHash:
        """
        Hash a new password.

        Raises: HashingBusy: the queue is full.
        """

    async def verify(self, password: str, stored: PasswordHash | None) -> bool:
        """
        Check *password*, spending the same time whether or not there is anything to check against.

        Raises: HashingBusy: the queue is full.
        """

    def is_outdated(self, stored: PasswordHash) -> bool:
        """Say whether *stored* should be made anew with the current parameters."""


class AccessTokens(Protocol):
    """RFC 9068 access tokens."""

    def issue(self, signed_in: SignedIn, now: datetime) -> AccessTokenText:
        """Sign a token for this user and session."""

    def verify(self, text: str, now: datetime) -> AccessClaims:
        """
        Return what a genuine token says.

        Raises: TokenInvalid, TokenExpired.
        """


class RefreshTokens(Protocol):
    """Refresh tokens: computed from the session, never stored."""

    def issue(self, session: Session) -> RefreshTokenText:
        """Return the one token for the session's current generation."""

    def read(self, text: str) -> RefreshToken:
        """
        Take a token apart once its seal holds; needs no database.

        Raises: RefreshInvalid.
        """

    def is_genuine(self, token: RefreshToken, session: Session) -> bool:
        """Say whether the token's proof holds against the session's salt."""


class CsrfTokens(Protocol):
    """Second tokens for pages of other sites: computed from the session, never stored."""

    def issue(self, session_id: SessionId) -> str:
        """Return the one token of the session."""

    def is_genuine(self, text: str, session_id: SessionId) -> bool:
        """Say whether *text*, which may be anything, was made for this session."""


class Randomness(Protocol):
    """Where ids and salts come from."""

    def new_id(self, now: datetime) -> str:
        """Return a UUID, version 7: sorts by time (RFC 9562 section 5.7)."""

    def new_salt(self) -> bytes:
        """Return 16 random bytes."""


CanonicalEmail = Callable[[str], EmailAddress]
"""Bring an address to its canonical form. Raises: InputInvalid."""

SearchPrefix = Callable[[str], str]
"""Bring the beginning of an address to the form that addresses are stored in. Never raises."""

FindPlace = Callable[[str], Place | None]
"""Look an IP address up; None for anything that is not on the map. Never raises."""

ReadDevice = Callable[[str], Device]
"""Read a User-Agent header. Never raises."""

Record = Callable[[Event], None]
"""Write an event down. Never raises."""
