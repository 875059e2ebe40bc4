"""Write down what happened and changed nothing else: a refusal."""

from contextlib import suppress
from datetime import datetime

from keystead.domain.errors import StoreDown
from keystead.domain.events import Event
from keystead.flows.tools import Tools


async def note(tools: Tools, event: Event, now: datetime) -> None:
    """
    Write *event* into the log and the audit log.

    Never raises: a refusal stays one if the database cannot be written, and the line remains.
    """
    tools.record(event)
    with suppress(StoreDown):
        await tools.store.add_audit_record(tools.audit_record(event, now))
