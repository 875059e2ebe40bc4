"""Refuse somebody who is known what they may not do, and write it down."""

from contextlib import suppress
from datetime import datetime
from typing import NoReturn

from keystead.domain.errors import Forbidden, StoreDown
from keystead.domain.events import Event, EventName, Severity
from keystead.domain.permissions import Actor, Permission
from keystead.domain.throttle import HOUR, Limit
from keystead.flows.tools import Tools

AUDITED = Limit.window("refusals", 60, HOUR)
"""Of each user: who asks all day fills the log, which is rotated, but not the audit log, which stays."""


async def forbid(tools: Tools, actor: Actor, permission: Permission, now: datetime) -> NoReturn:
    """
    Refuse what *actor* has no *permission* for; also if the database cannot take note of it.

    Raises: Forbidden.
    """
    event = Event(
        EventName.AUTHZ_FAIL,
        Severity.WARNING,
        actor=actor.user.id,
        session=actor.session.id,
        detail=permission,
    )
    tools.record(event)
    with suppress(StoreDown):
        key = tools.counter_key(AUDITED.name, actor.user.id)
        if (await tools.store.count_attempt(key, AUDITED, now)).is_counted:
            await tools.store.add_audit_record(tools.audit_record(event, now))
    raise Forbidden
