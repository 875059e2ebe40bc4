"""Sign out with whatever the caller still holds."""

from collections.abc import Iterable
from datetime import datetime

from keystead.domain.errors import RefreshInvalid, Unauthenticated
from keystead.domain.events import Event, EventName
from keystead.domain.session import SessionId
from keystead.domain.tokens import AccessTokenText
from keystead.flows.tools import Tools


async def logout(
    tools: Tools, access_token: AccessTokenText | None, refresh_tokens: Iterable[str], now: datetime
) -> None:
    """
    End every session that one of the tokens stands for; do nothing, without complaint, for others.

    A rotated refresh token still proves whose session it was. All cookies of the name count:
    somebody may have planted one to make the owner's go unseen.

    Raises: StoreDown: the session may live on, and the caller must not think otherwise.
    Source: OWASP ASVS 7.4.1.
    """
    presented = [await _of_refresh_token(tools, text) for text in refresh_tokens]
    if access_token is not None:
        presented.append(_of_access_token(tools, access_token, now))
    for session_id in dict.fromkeys(presented):
        if session_id is None:
            continue
        found = await tools.store.find_session(session_id)
        if found is None:
            continue
        event = Event(EventName.LOGOUT, actor=found.user.id, ended=session_id)
        if await tools.store.close_session(session_id, record=tools.audit_record(event, now)):
            tools.record(event)


def _of_access_token(tools: Tools, text: AccessTokenText, now: datetime) -> SessionId | None:
    try:
        return tools.access_tokens.verify(text, now).session_id
    except Unauthenticated:
        return None


async def _of_refresh_token(tools: Tools, text: str) -> SessionId | None:
    try:
        token = tools.refresh_tokens.read(text)
    except RefreshInvalid:
        return None
    found = await tools.store.find_session(token.session_id)
    if found is None or not tools.refresh_tokens.is_genuine(token, found.session):
        return None
    return token.session_id
