"""Accounts and sessions for the store's tests: each call makes a new one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from keystead.crypto.random import SystemRandomness
from keystead.domain.audit import AuditRecord
from keystead.domain.session import Client, Device, Place, Session, SessionId
from keystead.domain.store import Store
from keystead.domain.user import EmailAddress, PasswordHash, Role, Status, User, UserId

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
IDLE = timedelta(days=14)
LIFETIME = timedelta(days=30)
CAP = 50
HASH = PasswordHash("$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA", 1)

NOWHERE = Client(ip=None, user_agent=None, device=Device(), place=None)
LISBON = Client(
    ip="2001:db8::1",
    user_agent="Mozilla/5.0 (X11; Linux x86_64)",
    device=Device("Desktop", "Firefox 132", "Linux"),
    place=Place("Lisboa", "Lisboa", "Portugal", "PT", 38.7167, -9.1333),
)

_random = SystemRandomness()


def new_user(
    email: str = "bob@example.com",
    role: Role = Role.USER,
    status: Status = Status.ACTIVE,
    now: datetime = NOW,
) -> User:
    return User(UserId(_random.new_id(now)), EmailAddress(email), role, status, now, now)


async def added(
    store: Store,
    email: str = "bob@example.com",
    role: Role = Role.USER,
    status: Status = Status.ACTIVE,
) -> User:
    """Return an account that *store* keeps."""
    user = new_user(email, role, status)
    assert await store.add_user(user, HASH, record=None)
    return user


def new_session(user: User, now: datetime = NOW, client: Client = LISBON) -> Session:
    return Session(
        id=SessionId(_random.new_id(now)),
        user_id=user.id,
        generation=0,
        rotated_at=None,
        salt=_random.new_salt(),
        created_at=now,
        authenticated_at=now,
        last_active_at=now,
        expires_at=now + IDLE,
        ends_at=now + LIFETIME,
        client=client,
    )


def new_record(now: datetime = NOW) -> AuditRecord:
    """Return a record with everything in it; its MAC is none."""
    return AuditRecord(
        id=_random.new_id(now),
        at=now,
        name="authn_login_success",
        severity="info",
        actor="actor",
        subject="subject",
        session="session",
        ended="ended",
        detail="zoë 👩‍💻 \x1b[31m",
        network="2001:db8::/48",
        ip="2001:db8::1",
        user_agent="Mozilla/5.0 \r\n\x1b\x9b",
        salt=_random.new_salt(),
        digest=bytes(range(32)),
        key_id=255,
        mac=bytes(range(224, 256)),
    )


async def opened(store: Store, user: User, now: datetime = NOW) -> Session:
    """Return a session that *store* keeps."""
    session = new_session(user, now)
    assert await store.open_session(session, CAP, record=None)
    return session


async def opened_until(store: Store, user: User, expires_at: datetime) -> Session:
    """Return a kept session that is over at *expires_at*."""
    session = replace(new_session(user, expires_at - IDLE), expires_at=expires_at)
    assert await store.open_session(session, CAP, record=None)
    return session


async def signed_in(store: Store, email: str = "bob@example.com") -> tuple[User, Session]:
    """Return a kept account with a kept session."""
    user = await added(store, email)
    return user, await opened(store, user)


async def stored(store: Store, session: Session) -> Session | None:
    """Return the session as it is kept now."""
    found = await store.find_session(session.id)
    return found.session if found else None
