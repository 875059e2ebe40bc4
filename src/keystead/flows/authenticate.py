"""Find out who is asking, from a bearer token and the database."""

from dataclasses import replace
from datetime import datetime

from keystead.domain.errors import SessionEnded
from keystead.domain.permissions import Actor
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
    session = found.session
    if tools.sessions.is_touch_due(session, now):
        expires_at = tools.sessions.slide(session, now)
        await tools.store.touch_session(session.id, now, expires_at)
        session = replace(session, last_active_at=now, expires_at=expires_at)
    return Actor(found.user, session)
