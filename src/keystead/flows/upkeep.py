"""Remove what is over, and erase what was kept long enough; one process at a time."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from keystead.flows.tools import Tools

LEASE = "upkeep"
LEASE_TIME = timedelta(minutes=5)
"""After this long a holder is taken for dead and another process may take over."""

BATCH = 500
"""Sessions, counters or records in one step: a few milliseconds of the write lock."""


async def purge_if_mine(tools: Tools, holder: str, now: datetime) -> int | None:
    """
    Purge expired sessions and trim the audit log, if this process (*holder*) is the one to do it.

    Returns: how many sessions are gone, or None if another process does it.
    """
    if not await tools.store.take_lease(LEASE, holder, now, now + LEASE_TIME):
        return None
    await trim(tools, now)
    return await purge(tools, now)


async def trim(tools: Tools, now: datetime) -> int:
    """Erase addresses and user agents that the audit log has had long enough. Returns: how many."""
    return await _in_batches(tools.store.trim_audit, now - tools.audit_trim_after)


async def purge(tools: Tools, now: datetime) -> int:
    """Remove every session and counter that is over at *now*. Returns: how many sessions."""
    total = await _in_batches(tools.store.purge_expired, now)
    await _in_batches(tools.store.purge_attempts, now)
    return total


async def _in_batches(step: Callable[[datetime, int], Awaitable[int]], until: datetime) -> int:
    total = 0
    while True:
        count = await step(until, BATCH)
        total += count
        if count < BATCH:
            return total
