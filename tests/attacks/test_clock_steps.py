"""A clock that is an hour off for a while, in either direction, ends nothing and revives nothing."""

from datetime import timedelta

import pytest

from tests.conftest import Clock, Service, StartService
from tests.people import Person, refresh_with

EACH_STEP = pytest.mark.parametrize("hours", [-1, 1])
LEEWAY_AND_MORE = timedelta(seconds=11)


@EACH_STEP
async def test_a_step_and_back_signs_nobody_out(clock: Clock, bob: Person, hours: int) -> None:
    clock.advance(hours=hours)
    # An access token may be out of its time; the session is not, and gives another one.
    assert (await bob.refresh()).status_code == 200
    assert await bob.is_signed_in()

    clock.advance(hours=-hours)

    assert (await bob.refresh()).status_code == 200
    assert await bob.is_signed_in()


@EACH_STEP
async def test_who_signs_in_during_the_step_stays_signed_in(
    service: Service, clock: Clock, hours: int
) -> None:
    clock.advance(hours=hours)
    bob = await service.person("bob")
    clock.advance(hours=-hours)

    assert (await bob.refresh()).status_code == 200
    assert await bob.is_signed_in()


@pytest.mark.requirement(42)
@EACH_STEP
async def test_an_access_token_from_the_future_is_refused_and_a_refresh_mends_it(
    clock: Clock, bob: Person, hours: int
) -> None:
    clock.advance(hours=hours)
    answer = await bob.profile()

    assert answer.status_code == 401
    # Ahead of us it cannot have been made; behind us it has simply run out.
    assert answer.json()["code"] == ("token_expired" if hours > 0 else "token_invalid")
    assert (await bob.refresh()).status_code == 200
    assert await bob.is_signed_in()


async def test_an_access_token_that_was_used_while_the_clock_was_ahead_is_not_good_for_longer(
    clock: Clock, bob: Person
) -> None:
    clock.advance(hours=1)
    assert (await bob.refresh()).status_code == 200
    assert await bob.is_signed_in()

    clock.advance(hours=-1)

    assert (await bob.profile()).json()["code"] == "token_invalid"
    assert (await bob.refresh()).status_code == 200
    assert await bob.is_signed_in()


async def test_a_clock_that_goes_back_a_little_is_not_noticed(clock: Clock, bob: Person) -> None:
    clock.advance(seconds=-10)

    assert await bob.is_signed_in()
    assert (await bob.refresh()).status_code == 200


@EACH_STEP
async def test_what_was_ended_stays_ended(
    service: Service, clock: Clock, bob: Person, hours: int
) -> None:
    other = await service.again(bob)
    await bob.post("/auth/logout", {})
    assert (await other.delete("/sessions?except=current")).status_code == 200

    clock.advance(hours=hours)

    assert not await bob.is_signed_in()
    assert (await refresh_with(service.client(), bob.refresh_token)).status_code == 401
    assert (await other.refresh()).status_code == 200


async def test_what_was_over_and_removed_stays_so_when_the_clock_goes_back(
    start: StartService, clock: Clock
) -> None:
    service = await start(session_idle="30m")
    bob = await service.person("bob")
    token = bob.refresh_token
    clock.advance(minutes=31)
    assert (await bob.refresh()).status_code == 401
    assert await service.tools.store.purge_expired(clock.now, 10) == 1

    clock.advance(hours=-1)

    assert not await bob.is_signed_in()
    assert (await refresh_with(service.client(), token)).status_code == 401


@EACH_STEP
async def test_a_step_hides_no_replay(
    service: Service, clock: Clock, bob: Person, hours: int
) -> None:
    spent = bob.refresh_token
    assert (await bob.refresh()).status_code == 200
    clock.advance(hours=hours)

    # Back in time it still looks like a race, and gets nothing; forward it is what it is.
    code = "refresh_superseded" if hours < 0 else "refresh_reused"
    answer = await refresh_with(service.client(), spent)
    assert (answer.status_code, answer.json()["code"]) == (401, code)

    clock.advance(hours=-hours)
    clock.now += LEEWAY_AND_MORE
    assert (await refresh_with(service.client(), spent)).status_code == 401
    assert not await bob.is_signed_in()


@pytest.mark.requirement(59)
@EACH_STEP
async def test_use_during_a_step_does_not_outlast_the_lifetime(
    start: StartService, clock: Clock, hours: int
) -> None:
    service = await start(session_idle="2h", session_lifetime="3h")
    bob = await service.person("bob")
    end = clock.now + timedelta(hours=3)
    clock.advance(hours=hours)
    assert (await bob.refresh()).status_code == 200
    clock.now = end

    assert (await bob.refresh()).status_code == 401
    assert not await bob.is_signed_in()
