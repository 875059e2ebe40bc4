"""Where a user is signed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType

from keystead.domain.user import User, UserId

SessionId = NewType("SessionId", str)
"""A UUID in its 36-character lower-case form."""


@dataclass(frozen=True, slots=True)
class Device:
    """What a User-Agent header says of itself; None where it says nothing. Never a proof."""

    name: str | None = None
    browser: str | None = None
    os: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Roughly where an IP address is: latitude and longitude in degrees, the country in ISO 3166-1."""

    city: str | None = None
    region: str | None = None
    country: str | None = None
    country_code: str | None = None
    latitude: float | None = None
    longitude: float | None = None


MAX_USER_AGENT = 256
"""Characters of a User-Agent that are kept and parsed: 0.2 ms at this length, 0.9 s at 64 kB."""


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request came from, as recorded at sign-in; the user agent cut to `MAX_USER_AGENT`."""

    ip: str | None
    user_agent: str | None
    device: Device
    place: Place | None


@dataclass(frozen=True, slots=True)
class Origin:
    """
    What came with a request: unproven, all of it.

    Args:
        refresh_tokens: of the session that this browser holds so far.
        device_tokens: what would show that its owner has signed in here before.
        via: how it was asked for, if not over HTTP.

    """

    ip: str | None
    user_agent: str | None
    refresh_tokens: tuple[str, ...] = ()
    device_tokens: tuple[str, ...] = ()
    via: str | None = None

    @property
    def kept_user_agent(self) -> str | None:
        """The user agent as it can be kept; None if it says nothing."""
        # A NUL is not kept by every database (RFC 9110 section 5.5 puts a space there), and control
        # characters could be orders to the terminal of whoever looks at the sessions.
        text = (self.user_agent or "")[:MAX_USER_AGENT]
        return "".join(one if one.isprintable() else " " for one in text) or None


COMMAND_LINE = Origin(None, None, via="command line")
SETTINGS = Origin(None, None, via="settings")


@dataclass(frozen=True, slots=True)
class Session:
    """
    One sign-in on one device: the source of truth for every token issued under it.

    Args:
        generation: number of the newest refresh token, from 0; moves only by rotation.
        rotated_at: when the newest refresh token replaced the one before; None before the first time.
        salt: 16 random bytes that exist nowhere but here; part of every refresh token's MAC.
        authenticated_at: when its owner last proved who they are with the password.
        expires_at: the idle expiry. Slides with use and never passes `ends_at`.
        ends_at: the absolute expiry. Never moves.

    """

    id: SessionId
    user_id: UserId
    generation: int
    rotated_at: datetime | None
    salt: bytes
    created_at: datetime
    authenticated_at: datetime
    last_active_at: datetime
    expires_at: datetime
    ends_at: datetime
    client: Client

    def is_live(self, now: datetime) -> bool:
        """Expiry is exclusive: at `expires_at` the session is over."""
        return now < self.expires_at and now < self.ends_at


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session and its user, as one read found them."""

    session: Session
    user: User

    def __hash__(self) -> int:
        """Hash what tells one state from the next; all of it would take longer."""
        return hash((self.session.id, self.session.last_active_at, self.user.updated_at))

    def is_live(self, now: datetime) -> bool:
        """Both must hold: a session of a disabled user is as good as none."""
        return self.user.is_active and self.session.is_live(now)


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """
    How long sessions and refresh tokens live.

    Args:
        idle: a session not used for this long is over.
        lifetime: a session is over after this long, however much it is used.
        touch_interval: use is written down at most this often; zero writes on every request.
        refresh_leeway: how long the token before the newest one is taken for a race, not for theft.
        reissue: answer such a race with the same successor again instead of a refusal.
        cap: how many sessions one user can hold; the oldest makes room for the newest.

    """

    idle: timedelta = timedelta(days=14)
    lifetime: timedelta = timedelta(days=30)
    touch_interval: timedelta = timedelta(seconds=60)
    refresh_leeway: timedelta = timedelta(seconds=10)
    reissue: bool = False
    cap: int = 50

    def slide(self, session: Session, now: datetime) -> datetime:
        """Return the idle expiry of *session* if it is used at *now*."""
        return min(now + self.idle, session.ends_at)

    def is_touch_due(self, session: Session, now: datetime) -> bool:
        """Say whether the use at *now* is worth a write."""
        return now - session.last_active_at >= self.touch_interval
