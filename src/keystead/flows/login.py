"""Sign in: check a password, open a session, hand out a pair of tokens."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from keystead.domain.events import Event, EventName
from keystead.domain.session import Client, Session, SessionId, SignedIn
from keystead.domain.tokens import AccessTokenText, DeviceTokenText, RefreshTokenText
from keystead.domain.user import User
from keystead.flows.check_password import check_password, refuse
from keystead.flows.logout import logout
from keystead.flows.throttle import forgive
from keystead.flows.tools import Tools


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a sign-in or a refresh hands out; the device is made known by a sign-in only."""

    signed_in: SignedIn
    access_token: AccessTokenText
    refresh_token: RefreshTokenText
    device_token: DeviceTokenText | None = None


async def login(tools: Tools, email: str, password: str, now: datetime) -> TokenPair:
    """
    Open a new session for whoever knows the password, in the place of the one the browser held.

    Raises: InvalidCredentials: unknown account, wrong password and disabled account alike, after
            the same work. InputInvalid: *email* is no address. Throttled, HashingBusy.
    Source: OWASP ASVS 6.3.8, 7.2.4.
    """
    found, attempt = await check_password(tools, tools.canonical_email(email), password, now)
    # Its token is about to be overwritten, so nobody could end that session any more.
    await logout(tools, None, tools.origin.refresh_tokens, now)
    session = new_session(tools, found.user, describe(tools), now)
    event = Event(EventName.LOGIN_SUCCESS, actor=found.user.id, session=session.id)
    record = tools.audit_record(event, now)
    # Both at once: a file needs one commit for the two.
    opened, _ = await asyncio.gather(
        tools.store.open_session(session, tools.session_policy.cap, record=record),
        forgive(tools, attempt, now),
    )
    if not opened:
        await refuse(tools, found, now)  # Disabled or deleted while the password was being checked.
    tools.record(event)
    device_token = tools.device_tokens.issue(found.user.id, now)
    return replace(pair(tools, SignedIn(session, found.user), now), device_token=device_token)


def pair(tools: Tools, signed_in: SignedIn, now: datetime) -> TokenPair:
    """Make both tokens for the session as it stands."""
    return TokenPair(
        signed_in,
        access_token=tools.access_tokens.issue(signed_in, now),
        refresh_token=tools.refresh_tokens.issue(signed_in.session),
    )


def describe(tools: Tools) -> Client:
    """Say where a request comes from, as far as can be told."""
    origin = tools.origin
    user_agent = origin.kept_user_agent
    return Client(
        ip=origin.ip,
        user_agent=user_agent,
        device=tools.read_device(user_agent or ""),
        place=tools.find_place(origin.ip) if origin.ip else None,
    )


def new_session(tools: Tools, user: User, client: Client, now: datetime) -> Session:
    """Make a session that starts *now*. Its id and salt are new, whatever the client sent."""
    ends_at = now + tools.session_policy.lifetime
    return Session(
        id=SessionId(tools.random.new_id(now)),
        user_id=user.id,
        generation=0,
        rotated_at=None,
        salt=tools.random.new_salt(),
        created_at=now,
        authenticated_at=now,
        last_active_at=now,
        expires_at=min(now + tools.session_policy.idle, ends_at),
        ends_at=ends_at,
        client=client,
    )
