"""See where a user is signed in, and end what should not be."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from keystead.domain.errors import SessionNotFound, UserNotFound
from keystead.domain.events import Event, EventName, Severity
from keystead.domain.permissions import Actor
from keystead.domain.session import Session, SessionId
from keystead.domain.transfer import BATCH
from keystead.domain.user import UserId
from keystead.flows.note import note
from keystead.flows.tools import Tools

END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
"""Every session is over by then."""

QUIET_ROUNDS = 2
QUIET_SECONDS = 0.2


async def list_own_sessions(tools: Tools, actor: Actor, now: datetime) -> list[Session]:
    """Return the caller's live sessions, newest first."""
    return await tools.store.list_sessions(actor.user.id, now)


async def end_own_session(tools: Tools, actor: Actor, session_id: SessionId, now: datetime) -> None:
    """
    End one session of the caller.

    Raises: SessionNotFound: unknown, or somebody else's: there is no telling which.
    """
    await end_session_of(tools, actor, actor.user.id, session_id, now)


async def end_own_sessions(tools: Tools, actor: Actor, now: datetime, *, keep_current: bool) -> int:
    """End all sessions of the caller, or all but the one they are using. Returns: how many."""
    keep = actor.session.id if keep_current else None
    event = _event(actor, actor.user.id, detail="all own but this" if keep else "all own")
    return await _end_all(tools, event, actor.user.id, keep, now)


async def list_sessions_of(tools: Tools, user_id: UserId, now: datetime) -> list[Session]:
    """
    Return a user's live sessions, newest first.

    Raises: UserNotFound.
    """
    if await tools.store.find_user(user_id) is None:
        raise UserNotFound
    return await tools.store.list_sessions(user_id, now)


async def end_session_of(
    tools: Tools, actor: Actor | None, user_id: UserId, session_id: SessionId, now: datetime
) -> None:
    """
    End one session of a user; *actor* is None at the command line.

    Raises: SessionNotFound: the user has no such session.
    """
    event = _event(actor, user_id, ended=session_id)
    record = tools.audit_record(event, now)
    if not await tools.store.close_session(session_id, owner=user_id, record=record):
        raise SessionNotFound
    tools.record(event)


async def end_sessions_of(tools: Tools, actor: Actor | None, user_id: UserId, now: datetime) -> int:
    """
    Sign a user out everywhere; *actor* is None at the command line. Returns: how many ended.

    Raises: UserNotFound.
    """
    if await tools.store.find_user(user_id) is None:
        raise UserNotFound
    return await _end_all(tools, _event(actor, user_id, detail="all"), user_id, None, now)


async def end_every_session(tools: Tools, now: datetime) -> int:
    """
    Sign everybody out, as after restoring a back-up: what was ended since must not come back.

    Returns: how many ended.
    """
    count, quiet = 0, 0
    # Twice in a row nothing: a database may pass over a session that is being used just now.
    while quiet < QUIET_ROUNDS:
        ended = await tools.store.purge_expired(END_OF_TIME, BATCH)
        count, quiet = count + ended, 0 if ended else quiet + 1
        if not ended:
            await asyncio.sleep(QUIET_SECONDS)
    event = Event(EventName.SESSIONS_EPOCH, Severity.WARNING, detail=str(count))
    await note(tools, event, now)
    return count


async def _end_all(
    tools: Tools, event: Event, user_id: UserId, keep: SessionId | None, now: datetime
) -> int:
    count = await tools.store.close_sessions(user_id, keep, record=tools.audit_record(event, now))
    # The audit log has what was asked for, and only if it did something; a line also says how many.
    tools.record(replace(event, detail=f"{count}: {event.detail}"))
    return count


def _event(
    actor: Actor | None,
    subject: UserId,
    ended: SessionId | None = None,
    detail: str | None = None,
) -> Event:
    return Event(
        EventName.SESSION_ENDED,
        actor=actor.user.id if actor else None,
        subject=subject,
        session=actor.session.id if actor else None,
        ended=ended,
        detail=detail,
    )
