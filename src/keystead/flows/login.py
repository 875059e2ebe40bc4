"""Sign in: check a password, open a session, hand out a pair of tokens."""

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from keystead.domain.errors import InvalidCredentials
from keystead.domain.events import Event, EventName, Severity
from keystead.domain.session import Client, Origin, Session, SessionId, SignedIn
from keystead.domain.tokens import AccessTokenText, RefreshTokenText
from keystead.domain.user import Credentials, User
from keystead.flows.logout import logout
from keystead.flows.note import note
from keystead.flows.tools import Tools


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a sign-in or a refresh hands out."""

    signed_in: SignedIn
    access_token: AccessTokenText
    refresh_token: RefreshTokenText


async def login(
    tools: Tools, email: str, password: str, origin: Origin, now: datetime
) -> TokenPair:
    """
    Open a new session for whoever knows the password, in the place of the one the browser held.

    Raises: InvalidCredentials: unknown account, wrong password and disabled account alike, after
            the same work. InputInvalid: *email* is no address. HashingBusy.
    Source: OWASP ASVS 6.3.8, 7.2.4.
    """
    found = await tools.store.find_credentials(tools.canonical_email(email))
    is_right = await tools.passwords.verify(password, found.password if found else None)
    if found is None or not is_right or not found.user.is_active:
        await _refuse(tools, found, now)
    await _renew_hash(tools, found, password)
    # Its token is about to be overwritten, so nobody could end that session any more.
    await logout(tools, None, origin.refresh_tokens, now)
    session = new_session(tools, found.user, describe(tools, origin), now)
    event = Event(EventName.LOGIN_SUCCESS, actor=found.user.id, session=session.id)
    record = tools.audit_record(event, now)
    if not await tools.store.open_session(session, tools.session_policy.cap, record):
        # Disabled or deleted while the password was being checked.
        await _refuse(tools, found, now)
    tools.record(event)
    return pair(tools, SignedIn(session, found.user), now)


async def _refuse(tools: Tools, found: Credentials | None, now: datetime) -> NoReturn:
    subject = found.user.id if found else None
    await note(tools, Event(EventName.LOGIN_FAIL, Severity.WARNING, subject=subject), now)
    raise InvalidCredentials


def pair(tools: Tools, signed_in: SignedIn, now: datetime) -> TokenPair:
    """Make both tokens for the session as it stands."""
    return TokenPair(
        signed_in,
        access_token=tools.access_tokens.issue(signed_in, now),
        refresh_token=tools.refresh_tokens.issue(signed_in.session),
    )


def describe(tools: Tools, origin: Origin) -> Client:
    """Say where a request comes from, as far as can be told."""
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
        last_active_at=now,
        expires_at=min(now + tools.session_policy.idle, ends_at),
        ends_at=ends_at,
        client=client,
    )


async def _renew_hash(tools: Tools, found: Credentials, password: str) -> None:
    # The only moment at which the password is known: hashes made with older parameters, without
    # the pepper or with bcrypt are replaced. If the hash was changed meanwhile, that one stays.
    if tools.passwords.is_outdated(found.password):
        renewed = await tools.passwords.hash(password)
        await tools.store.replace_password_hash(found.user.id, found.password, renewed)
