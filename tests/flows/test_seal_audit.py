"""The newest records get their places; who does it, and when it is not done."""

from dataclasses import replace
from datetime import timedelta

import pytest

from keystead.domain.audit import AuditDamaged
from keystead.domain.events import Event, EventName
from keystead.flows.audit import verify_audit
from keystead.flows.note import note
from keystead.flows.seal_audit import BATCH, LEASE_TIME, Sealed, seal, seal_if_mine
from keystead.flows.tools import Tools
from keystead.flows.upkeep import purge_if_mine
from tests.conftest import Clock
from tests.databases import OF_THE_AUDIT_LOG, Database

FAILED = Event(EventName.LOGIN_FAIL)


async def happen(tools: Tools, clock: Clock, count: int = 1) -> None:
    for _ in range(count):
        await tools.store.add_audit_record(tools.audit_record(FAILED, clock.now))


@pytest.mark.parametrize("count", [BATCH - 1, BATCH, BATCH + 1])
async def test_everything_is_sealed_however_many_batches_it_takes(
    tools: Tools, clock: Clock, count: int
) -> None:
    await happen(tools, clock, count)

    assert await seal(tools) == Sealed(count)

    verdict = await verify_audit(tools, clock.now)
    assert (verdict.sealed, verdict.unsealed, verdict.broken) == (count, 0, None)
    assert await seal(tools) == Sealed()


async def test_the_chain_goes_on_where_it_was(tools: Tools, clock: Clock) -> None:
    for _ in range(3):
        await happen(tools, clock, 2)
        assert await seal(tools) == Sealed(2)

    verdict = await verify_audit(tools, clock.now)
    assert (verdict.sealed, verdict.broken) == (6, None)


async def test_a_record_that_is_older_than_what_is_sealed_is_sealed_behind_it(
    tools: Tools, clock: Clock
) -> None:
    """It was committed later: its process was slower, or its clock is behind."""
    await happen(tools, clock)
    await seal(tools)
    await happen(tools, Clock(clock.now - timedelta(seconds=2)))

    assert await seal(tools) == Sealed(1)

    assert (await verify_audit(tools, clock.now)).broken is None


async def test_one_process_seals_until_it_is_taken_for_dead(tools: Tools, clock: Clock) -> None:
    await happen(tools, clock)
    assert await seal_if_mine(tools, "one", clock.now) == Sealed(1)

    await happen(tools, clock)
    assert await seal_if_mine(tools, "other", clock.now) == Sealed()
    clock.now += LEASE_TIME
    assert await seal_if_mine(tools, "other", clock.now) == Sealed(1)


async def test_where_nothing_waits_nothing_is_written(
    tools: Tools, clock: Clock, database: Database
) -> None:
    assert await seal_if_mine(tools, "one", clock.now) == Sealed()

    assert database.rows("leases") == []


async def test_a_log_whose_end_is_not_what_was_written_is_not_gone_on_with(
    tools: Tools, clock: Clock, database: Database
) -> None:
    await happen(tools, clock)
    await seal(tools)
    await happen(tools, clock)

    database.remove("installation", name=OF_THE_AUDIT_LOG)
    with pytest.raises(AuditDamaged, match="missing"):
        await seal(tools)

    head = tools.audit.head(7, bytes(32))
    assert await tools.store.seal_audit([], None, replace(head, seq=8))
    with pytest.raises(AuditDamaged, match="changed"):
        await seal(tools)


async def test_upkeep_erases_addresses_after_their_time(
    tools: Tools, clock: Clock, database: Database
) -> None:
    tools = replace(tools, origin=replace(tools.origin, ip="2001:db8:1:2::3", user_agent="x"))
    await note(tools, FAILED, clock.now)

    await purge_if_mine(tools, "one", clock.now + tools.audit_trim_after)
    assert database.rows("audit")[0]["ip"] == "2001:db8:1:2::3"
    await purge_if_mine(tools, "one", clock.now + tools.audit_trim_after + timedelta(seconds=1))

    (row,) = database.rows("audit")
    assert (row["ip"], row["user_agent"], row["salt"]) == (None, None, None)
    assert row["network"] == "2001:db8:1::/48"
    assert (await verify_audit(tools, clock.now)).broken is None
