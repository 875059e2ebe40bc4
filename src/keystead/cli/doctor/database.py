"""Whether the database answers, how fast, and whether it can be written."""

from collections.abc import AsyncIterator
from datetime import timedelta
from statistics import median
from time import perf_counter

from keystead.assembly import system_clock
from keystead.cli.doctor.case import Case, Finding, error, fine, note, warning
from keystead.domain.errors import StoreDown
from keystead.flows.tools import Tools

ROUNDS = 20

SLOW_MS = 5.0
"""Every request reads once: more than this is most of its time."""

LEASE = "doctor"


async def examine(case: Case) -> AsyncIterator[Finding]:
    """Read twenty times, and write once."""
    if case.is_new:
        yield note(
            "there is no database yet", "the first start makes it, and the keys", "keystead serve"
        )
        return
    if case.tools is None:
        yield error(
            f"the database or the keys cannot be used: {case.refusal}",
            "without them the service does not start, or answers 503",
            "do what it says; `keystead migrate` makes the schema, and a back-up has the secrets file",
        )
        return
    try:
        yield await _latency(case.tools)
    except StoreDown as fault:
        yield error(
            f"the database does not answer: {fault.__cause__ or fault.message}",
            "every request is answered with 503",
            "look at its own log, and at the network in between",
        )
        return
    yield await _privileges(case.tools)


async def _latency(tools: Tools) -> Finding:
    times = []
    for _ in range(ROUNDS):
        began = perf_counter()
        await tools.store.check()
        times.append((perf_counter() - began) * 1000)
    typical = median(times)
    if typical > SLOW_MS:
        return warning(
            f"a read takes {typical:.1f} ms",
            "each request reads its session from the database",
            "put the service nearer to its database: the same machine, zone or network",
        )
    return fine(f"the database has the newest schema, and a read takes {typical:.2f} ms")


async def _privileges(tools: Tools) -> Finding:
    now = system_clock()
    try:
        await tools.store.take_lease(LEASE, LEASE, now, now + timedelta(seconds=1))
    except StoreDown as fault:
        return error(
            f"the database cannot be written: {fault.__cause__ or fault.message}",
            "signing in and signing out write",
            "give its user the right to, use the server that takes writes, or make room on its disk",
        )
    return fine("the database can be written")
