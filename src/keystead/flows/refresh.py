"""Swap a refresh token for its successor."""

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import NoReturn

from keystead.domain.errors import (
    RefreshInvalid,
    RefreshReused,
    RefreshSuperseded,
    SessionEnded,
    StoreDown,
)
from keystead.domain.events import Event, EventName, Severity
from keystead.domain.session import Session, SignedIn
from keystead.domain.tokens import (
    RefreshToken,
    Reused,
    Rotated,
    RotationOutcome,
    Superseded,
    Unknown,
    judge,
)
from keystead.flows.login import TokenPair, pair
from keystead.flows.tools import Tools

LOOK_AGAIN_SECONDS = 1.0
"""After an answer got lost, on top of the 5 s in which the store has to answer."""


async def refresh(tools: Tools, text: str, now: datetime) -> TokenPair:
    """
    Rotate: the presented token is spent, a new pair is handed out, the session slides.

    Role, status and expiry are the database's at this moment, never the old token's. A token that
    was spent before ends its session, and with it every token of the session.

    Raises: RefreshInvalid: malformed or forged; nothing happens to any session.
            RefreshSuperseded: spent within the leeway; the session lives.
            RefreshReused: spent before; the session has been ended.
            SessionEnded: gone, expired, or its user is gone or disabled.
            StoreDown: the token is unspent, or spent for a successor that is given out next time.
    Source: RFC 9700 section 4.14.2, OWASP ASVS 10.4.5.
    """
    token = tools.refresh_tokens.read(text)
    session = await _session_of(tools, token)
    match await _rotate(tools, session, token.generation, now):
        case Rotated(signed_in):
            return pair(tools, signed_in, now)
        case Superseded(signed_in, rotated_at):
            since = tools.unsettled.hand_out(session.id, rotated_at, now)
            if since is None:
                return pair(tools, signed_in, now)
            if now - since <= tools.session_policy.refresh_leeway:
                return _answer_race(tools, signed_in, now)
            return await _end(tools, session, now)
        case Reused():
            return await _end(tools, session, now)
        case Unknown():
            raise SessionEnded


async def _rotate(
    tools: Tools, session: Session, generation: int, now: datetime
) -> RotationOutcome:
    expires_at = tools.session_policy.slide(session, now)
    try:
        return await tools.store.rotate_refresh_token(session.id, generation, now, expires_at)
    except StoreDown:
        # It may have been done all the same, and only the answer got lost. Then nobody has the
        # successor, and who comes again with this token, to this process, is no thief.
        tools.unsettled.note(session.id, now)
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                found = await tools.store.find_session(session.id)
            if found is not None and found.session.rotated_at == now:
                return judge(found, generation, now)
        raise


async def _session_of(tools: Tools, token: RefreshToken) -> Session:
    found = await tools.store.find_session(token.session_id)
    if found is None:
        raise SessionEnded
    # The salt never changes, so what is verified here cannot become untrue before the rotation.
    if not tools.refresh_tokens.is_genuine(token, found.session):
        raise RefreshInvalid
    return found.session


def _answer_race(tools: Tools, signed_in: SignedIn, now: datetime) -> TokenPair:
    if not tools.session_policy.reissue:
        raise RefreshSuperseded
    return pair(tools, signed_in, now)  # Computed, not made: the same successor as the winner's.


async def _end(tools: Tools, session: Session, now: datetime) -> NoReturn:
    # Thief or owner, one of the two holds a copy; only ending the session stops both.
    event = Event(
        EventName.TOKEN_REUSE, Severity.CRITICAL, subject=session.user_id, ended=session.id
    )
    await tools.store.close_session(session.id, record=tools.audit_record(event, now))
    tools.record(event)
    raise RefreshReused
