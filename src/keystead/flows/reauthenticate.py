"""Prove the password again, for what asks for a recent proof."""

import asyncio
from datetime import datetime

from keystead.domain.errors import SessionEnded
from keystead.domain.events import Event, EventName
from keystead.domain.permissions import Actor
from keystead.flows.check_password import check_password
from keystead.flows.throttle import forgive
from keystead.flows.tools import Tools


async def reauthenticate(tools: Tools, actor: Actor, password: str, now: datetime) -> None:
    """
    Note in the caller's session that they know the password. Its tokens stay as they are.

    Raises: InvalidCredentials. SessionEnded: while the password was being checked. Throttled,
            HashingBusy.
    Source: OWASP ASVS 7.5.3.
    """
    _, attempt = await check_password(tools, actor.user.email, password, now, actor.session.id)
    event = Event(EventName.REAUTHENTICATED, actor=actor.user.id, session=actor.session.id)
    record = tools.audit_record(event, now)
    renewed, _ = await asyncio.gather(
        tools.store.renew_authentication(actor.session.id, now, record=record),
        forgive(tools, attempt, now),
    )
    if not renewed:
        raise SessionEnded
    tools.record(event)
