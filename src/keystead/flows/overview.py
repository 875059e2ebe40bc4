"""Show an admin how it goes."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from keystead.domain.audit import first_id_at
from keystead.domain.events import EventName
from keystead.domain.overview import MOST, MOST_A_DAY, SAMPLE, Concern, Day, Overview
from keystead.flows.tools import Tools

DAYS = 15
"""Two whole weeks, so that one can be compared with the other, and today so far."""


async def get_overview(tools: Tools, now: datetime) -> Overview:
    """Return what there is now, and what happened on each of the last `DAYS` days in UTC."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    installation = tools.inspect(now)
    if tools.is_degraded():
        concerns = (*installation.concerns, Concern.REDIS_AWAY)
        installation = replace(installation, concerns=concerns)
    return Overview(
        counts=await tools.store.count_all(now, MOST),
        days=[await _day(tools, midnight - timedelta(days=n)) for n in reversed(range(DAYS))],
        sample=await tools.store.sample_whereabouts(now, SAMPLE),
        installation=installation,
    )


async def _day(tools: Tools, begins_at: datetime) -> Day:
    first, end = first_id_at(begins_at), first_id_at(begins_at + timedelta(days=1))
    # SQLite counts on the event loop: other requests have a turn between two days.
    await asyncio.sleep(0)

    async def count(name: EventName) -> int:
        return await tools.store.count_audit(name.value, first, end, MOST_A_DAY)

    return Day(
        begins_at,
        sign_ins=await count(EventName.LOGIN_SUCCESS),
        failures=await count(EventName.LOGIN_FAIL),
        registrations=await count(EventName.USER_CREATED),
        replays=await count(EventName.TOKEN_REUSE),
    )
