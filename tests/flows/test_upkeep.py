from datetime import timedelta

import pytest

from keystead.domain.errors import InvalidCredentials
from keystead.flows.login import login
from keystead.flows.register import register
from keystead.flows.tools import Tools
from keystead.flows.upkeep import BATCH, LEASE_TIME, purge, purge_if_mine
from tests.conftest import Clock
from tests.databases import Database
from tests.flows.conftest import BOB, sign_in
from tests.people import PASSWORD
from tests.store.samples import added, new_session, opened

MILLISECOND = timedelta(milliseconds=1)


async def test_what_is_over_goes_and_what_lives_stays(tools: Tools, clock: Clock) -> None:
    user = await register(tools, BOB, PASSWORD, clock.now)
    for _ in range(3):
        await sign_in(tools, clock)
    live = await sign_in(tools, Clock(clock.now + MILLISECOND))
    clock.advance(days=14)

    assert await purge(tools, clock.now) == 3

    assert await tools.store.list_sessions(user.id, clock.now) == [live.signed_in.session]
    assert await purge(tools, clock.now) == 0


@pytest.mark.parametrize("count", [BATCH - 1, BATCH, BATCH + 1])
async def test_everything_goes_however_many_batches_it_takes(
    tools: Tools, clock: Clock, database: Database, count: int
) -> None:
    user = await added(tools.store)
    await opened(tools.store, user)
    (row,) = database.rows("sessions")
    database.add("sessions", [{**row, "id": new_session(user).id} for _ in range(count - 1)])

    assert await purge(tools, clock.advance(days=14)) == count


async def test_counters_go_with_what_is_over(
    tools: Tools, clock: Clock, database: Database
) -> None:
    with pytest.raises(InvalidCredentials):
        await login(tools, BOB, "a password that is wrong", clock.now)
    counted = database.rows("attempts")
    assert counted

    await purge(tools, clock.now)
    assert database.rows("attempts") == counted

    await purge(tools, clock.advance(days=400))
    assert database.rows("attempts") == []


async def test_one_process_at_a_time_purges(tools: Tools, clock: Clock) -> None:
    assert await purge_if_mine(tools, "one", clock.now) == 0
    assert await purge_if_mine(tools, "two", clock.now) is None
    assert await purge_if_mine(tools, "one", clock.advance(minutes=4)) == 0


async def test_another_process_takes_over_from_a_dead_one(tools: Tools, clock: Clock) -> None:
    await purge_if_mine(tools, "one", clock.now)
    clock.now += LEASE_TIME - MILLISECOND
    assert await purge_if_mine(tools, "two", clock.now) is None

    clock.now += MILLISECOND
    assert await purge_if_mine(tools, "two", clock.now) == 0
    assert await purge_if_mine(tools, "one", clock.now) is None
