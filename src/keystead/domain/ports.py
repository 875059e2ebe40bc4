"""
What the flows need from the outside, as protocols; `assembly` decides who fulfils them.

The largest, the store, has a file of its own.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from keystead.domain.audit import AuditHead, AuditRecord
from keystead.domain.events import Event
from keystead.domain.load import Load
from keystead.domain.overview import Installation
from keystead.domain.session import Device, Origin, Place, Session, SessionId, SignedIn
from keystead.domain.throttle import Tally, Wanted
from keystead.domain.tokens import (
    AccessClaims,
    AccessTokenText,
    DeviceTokenText,
    RefreshToken,
    RefreshTokenText,
)
from keystead.domain.user import EmailAddress, PasswordHash, UserId


class Passwords(Protocol):
    """Hashing, off the event loop and bounded."""

    async def hash(self, password: str) -> PasswordHash:
        """
        Hash a new password.

        Raises: HashingBusy: the queue is full.
        """

    async def verify(
        self, password: str, stored: PasswordHash | None, *, is_known: bool = False
    ) -> bool:
        """
        Check *password*, spending the same time whether or not there is anything to check against.

        Args:   is_known: it comes from a device that its owner has used: it may take a place in the
                queue that is kept free of everybody else.

        Raises: HashingBusy: the queue is full.
        """

    def is_outdated(self, stored: PasswordHash) -> bool:
        """Say whether *stored* should be made anew with the current parameters."""

    def load(self) -> Load:
        """Return how busy hashing is."""


class AccessTokens(Protocol):
    """RFC 9068 access tokens."""

    def issue(self, signed_in: SignedIn, now: datetime) -> AccessTokenText:
        """Sign a token for this user and session."""

    def verify(self, text: str, now: datetime) -> AccessClaims:
        """
        Return what a genuine token says.

        Raises: TokenInvalid, TokenExpired.
        """

    def public_keys(self) -> list[dict[str, Any]]:
        """Return, as JSON Web Keys, what others can verify tokens with; none if a secret signs."""


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


class DeviceTokens(Protocol):
    """What a browser keeps to show that its owner has signed in on it before; never stored here."""

    def issue(self, owner: UserId, now: datetime) -> DeviceTokenText:
        """Return a new token for one account on one device."""

    def find_device(self, text: str, owner: UserId | None, now: datetime) -> str | None:
        """
        Return the device's id, if *text* is genuine, of this account and not too old.

        Args: owner: None where there is no such account; it takes the same work.
        """


class AttemptCounts(Protocol):
    """Counters: those of the store, or for client addresses something faster that may be lost."""

    async def count_attempts(self, wanted: Wanted, now: datetime) -> list[Tally]:
        """See `Store.count_attempts`."""

    async def take_attempt_back(self, key: str, now: datetime) -> None:
        """See `Store.take_attempt_back`."""


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


class AuditSeals(Protocol):
    """What makes the audit log evident: only who has the keys can write what is found genuine."""

    def record(self, event: Event, origin: Origin, now: datetime) -> AuditRecord:
        """Write *event* out, complete but for its place."""

    def is_genuine(self, record: AuditRecord) -> bool:
        """Say whether *record* is as it was written, or as trimming left it."""

    def link(self, chain: bytes | None, seq: int, record: AuditRecord) -> bytes:
        """
        Return the chain value of a genuine *record* in the place *seq*.

        Args: chain: the value of the record before; None for the first.
        """

    def head(self, seq: int, chain: bytes) -> AuditHead:
        """Return the head that says: the log ends here."""

    def is_genuine_head(self, head: AuditHead) -> bool:
        """Say whether *head* is one that `head` made."""


CounterKey = Callable[[str, str], str]
"""Return the key of a counter: of which kind, for what. It says neither."""

Inspect = Callable[[datetime], Installation]
"""Says what runs here, and what an operator should see to."""

IsDegraded = Callable[[], bool]
"""Whether something is away that this process can do without."""

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
