"""Swap a refresh token for its successor."""

from datetime import datetime

from keystead.domain.errors import RefreshInvalid, RefreshReused, RefreshSuperseded, SessionEnded
from keystead.domain.events import Event, EventName, Severity
from keystead.domain.session import Session, SignedIn
from keystead.domain.tokens import RefreshToken, Reused, Rotated, Superseded, Unknown
from keystead.flows.login import TokenPair, pair
from keystead.flows.tools import Tools


async def refresh(tools: Tools, text: str, now: datetime) -> TokenPair:
    """
    Rotate: the presented token is spent, a new pair is handed out, the session slides.

    Role, status and expiry are the database's at this moment, never the old token's. A token that
    was spent before ends its session, and with it every token of the session.

    Raises: RefreshInvalid: malformed or forged; nothing happens to any session.
            RefreshSuperseded: spent within the leeway; the session lives.
            RefreshReused: spent before; the session has been ended.
            SessionEnded: gone, expired, or its user is gone or disabled.
    Source: RFC 9700 section 4.14.2, OWASP ASVS 10.4.5.
    """
    token = tools.refresh_tokens.read(text)
    session = await _session_of(tools, token)
    outcome = await tools.store.rotate_refresh_token(
        session.id, token.generation, now, tools.session_policy.slide(session, now)
    )
    match outcome:
        case Rotated(signed_in):
            return pair(tools, signed_in, now)
        case Superseded(signed_in, rotated_at) if (
            now - rotated_at <= tools.session_policy.refresh_leeway
        ):
            return _answer_race(tools, signed_in, now)
        case Superseded() | Reused():
            await tools.store.close_session(session.id)
            tools.record(_reuse_of(session))
            raise RefreshReused
        case Unknown():
            raise SessionEnded


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


def _reuse_of(session: Session) -> Event:
    # Thief or owner, one of the two holds a copy; only ending the session stops both.
    return Event(
        EventName.TOKEN_REUSE, Severity.CRITICAL, subject=session.user_id, ended=session.id
    )
