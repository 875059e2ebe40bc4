"""See where a user is signed in, and end what should not be."""

from datetime import datetime

from keystead.domain.errors import SessionNotFound, UserNotFound
from keystead.domain.events import Event, EventName
from keystead.domain.permissions import Actor
from keystead.domain.session import Session, SessionId
from keystead.domain.user import UserId
from keystead.flows.tools import Tools


async def list_own_sessions(tools: Tools, actor: Actor, now: datetime) -> list[Session]:
    """Return the caller's live sessions, newest first."""
    return await tools.store.list_sessions(actor.user.id, now)


async def end_own_session(tools: Tools, actor: Actor, session_id: SessionId) -> None:
    """
    End one session of the caller.

    Raises: SessionNotFound: unknown, or somebody else's: there is no telling which.
    """
    await end_session_of(tools, actor, actor.user.id, session_id)


async def end_own_sessions(tools: Tools, actor: Actor, *, keep_current: bool) -> int:
    """End all sessions of the caller, or all but the one they are using. Returns: how many."""
    keep = actor.session.id if keep_current else None
    count = await tools.store.close_sessions(actor.user.id, keep)
    tools.record(_event(actor, actor.user.id, detail=f"{count} own"))
    return count


async def list_sessions_of(tools: Tools, user_id: UserId, now: datetime) -> list[Session]:
    """
    Return a user's live sessions, newest first.

    Raises: UserNotFound.
    """
    if await tools.store.find_user(user_id) is None:
        raise UserNotFound
    return await tools.store.list_sessions(user_id, now)


async def end_session_of(
    tools: Tools, actor: Actor | None, user_id: UserId, session_id: SessionId
) -> None:
    """
    End one session of a user; *actor* is None at the command line.

    Raises: SessionNotFound: the user has no such session.
    """
    if not await tools.store.close_session(session_id, owner=user_id):
        raise SessionNotFound
    tools.record(_event(actor, user_id, ended=session_id))


async def end_sessions_of(tools: Tools, actor: Actor | None, user_id: UserId) -> int:
    """
    Sign a user out everywhere; *actor* is None at the command line. Returns: how many ended.

    Raises: UserNotFound.
    """
    if await tools.store.find_user(user_id) is None:
        raise UserNotFound
    count = await tools.store.close_sessions(user_id)
    tools.record(_event(actor, user_id, detail=f"{count} all"))
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
