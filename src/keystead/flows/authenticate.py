"""Find out who is asking, from a bearer token and the database."""

from dataclasses import replace
from datetime import datetime

from keystead.domain.errors import SessionEnded, StoreDown
from keystead.domain.permissions import Actor
from keystead.domain.session import Session
from keystead.domain.tokens import AccessTokenText
from keystead.flows.tools import Tools


async def authenticate(tools: Tools, token: AccessTokenText, now: datetime) -> Actor:
    """
    Return the user and session behind *token*, and slide the session.

    The token says only who and which session; role, status and expiry come from the database, so
    that what was revoked or changed a moment ago holds for this very request.

    Raises: TokenInvalid, TokenExpired, SessionEnded. StoreDown, never one of those instead.
    """
    claims = tools.access_tokens.verify(token, now)
    found = await tools.store.find_session(claims.session_id)
    if found is None or found.user.id != claims.user_id or not found.is_live(now):
        raise SessionEnded
    if tools.session_policy.is_touch_due(found.session, now):
        return replace(found, session=await _touch(tools, found.session, now))
    return found


async def _touch(tools: Tools, session: Session, now: datetime) -> Session:
    expires_at = tools.session_policy.slide(session, now)
    try:
        await tools.store.touch_session(session.id, now, expires_at)
    except StoreDown:
        return session  # It is live by what was read: a full disk must not end what needs no write.
    return replace(session, last_active_at=now, expires_at=expires_at)
