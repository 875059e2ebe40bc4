"""Sign out with whatever the caller still holds."""

from datetime import datetime

from keystead.domain.errors import Unauthenticated
from keystead.domain.events import Event, EventName
from keystead.domain.session import SessionId
from keystead.domain.tokens import AccessTokenText
from keystead.flows.tools import Tools


async def logout(
    tools: Tools, access_token: AccessTokenText | None, refresh_token: str | None, now: datetime
) -> None:
    """
    End the session behind either token; do nothing, without complaint, if there is none.

    A rotated refresh token still proves whose session it was, so it ends it too.

    Raises: StoreDown: the session may live on, and the caller must not think otherwise.
    Source: OWASP ASVS 7.4.1.
    """
    sessions = {
        _of_access_token(tools, access_token, now),
        await _of_refresh_token(tools, refresh_token),
    }
    for session_id in sessions - {None}:
        if session_id is not None and await tools.store.close_session(session_id):
            tools.record(Event(EventName.LOGOUT, session=session_id))


def _of_access_token(tools: Tools, text: AccessTokenText | None, now: datetime) -> SessionId | None:
    if text is None:
        return None
    try:
        return tools.access_tokens.verify(text, now).session_id
    except Unauthenticated:
        return None


async def _of_refresh_token(tools: Tools, text: str | None) -> SessionId | None:
    if text is None:
        return None
    try:
        token = tools.refresh_tokens.read(text)
    except Unauthenticated:
        return None
    found = await tools.store.find_session(token.session_id)
    if found is None or not tools.refresh_tokens.is_genuine(token, found.session):
        return None
    return token.session_id
