"""
A session that outlives its use: idle time, absolute lifetime, removal.

NIST SP 800-63B-4 sections 2.1.3 and 5.1; OWASP ASVS 7.3.1, 7.3.2, 10.4.8.
"""

import asyncio
from datetime import timedelta

import pytest

from tests.attacks.forge import take_apart
from tests.conftest import Clock, Service, StartService
from tests.databases import Database, content
from tests.people import Person


@pytest.mark.requirement(58)
async def test_a_session_unused_for_the_idle_time_is_over(clock: Clock, bob: Person) -> None:
    clock.advance(days=14)

    assert (await bob.refresh()).json()["code"] == "session_ended"
    await bob.login()
    clock.advance(days=14, seconds=-1)
    assert (await bob.refresh()).status_code == 200


@pytest.mark.requirement(59)
async def test_refreshing_every_day_does_not_outlast_the_absolute_lifetime(
    clock: Clock, bob: Person
) -> None:
    for _ in range(29):
        clock.advance(days=1)
        assert (await bob.refresh()).status_code == 200
    clock.advance(hours=23, minutes=58)
    assert (await bob.refresh()).status_code == 200
    _, claims = take_apart(bob.access_token)
    assert claims["exp"] - claims["iat"] == timedelta(minutes=2).total_seconds()
    clock.advance(minutes=2)

    assert (await bob.refresh()).json()["code"] == "session_ended"
    assert not await bob.is_signed_in()


@pytest.mark.requirement(59)
async def test_using_the_access_token_all_the_time_does_not_either(
    start: StartService, clock: Clock
) -> None:
    service = await start(session_lifetime="1h", access_token_lifetime="24h")
    bob = await service.person("bob")
    for _ in range(59):
        clock.advance(minutes=1)
        assert await bob.is_signed_in()
    clock.advance(minutes=1)

    assert not await bob.is_signed_in()
    assert (await bob.refresh()).json()["code"] == "session_ended"


@pytest.mark.requirement(58)
async def test_an_idle_session_ends_although_its_access_token_is_still_good(
    start: StartService, clock: Clock
) -> None:
    service = await start(session_idle="10m", access_token_lifetime="1h")
    bob = await service.person("bob")
    clock.advance(minutes=10)

    assert (await bob.profile()).json()["code"] == "session_ended"
    assert (await bob.refresh()).json()["code"] == "session_ended"


async def test_the_idle_time_counts_from_the_last_use(start: StartService, clock: Clock) -> None:
    service = await start(session_idle="10m", access_token_lifetime="24h")
    bob = await service.person("bob")
    for _ in range(10):
        clock.advance(minutes=9)
        assert await bob.is_signed_in()
    clock.advance(minutes=9)
    assert (await bob.refresh()).status_code == 200
    clock.advance(minutes=10)

    assert not await bob.is_signed_in()


async def test_an_ended_session_is_not_listed_and_not_brought_back_by_the_clock(
    service: Service, clock: Clock, bob: Person
) -> None:
    clock.advance(days=14)
    assert (await bob.refresh()).status_code == 401
    again = await service.again(bob)

    assert len((await again.get("/sessions")).json()["sessions"]) == 1


async def test_looking_at_a_session_within_a_minute_writes_nothing(
    clock: Clock, bob: Person, database: Database
) -> None:
    before = content(database)
    clock.advance(seconds=59)
    for _ in range(5):
        assert await bob.is_signed_in()
    assert content(database) == before

    clock.advance(seconds=1)
    assert await bob.is_signed_in()
    assert content(database) != before


async def test_what_is_over_is_removed_from_the_database(
    start: StartService, clock: Clock, database: Database
) -> None:
    service = await start()
    bob = await service.person("bob")
    await service.again(bob)
    clock.advance(days=31)
    assert len(database.rows("sessions")) == 2

    await start()  # Looks after expired sessions right away, in the background.

    for _ in range(1000):
        if not database.rows("sessions"):
            break
        await asyncio.sleep(0.01)
    assert database.rows("sessions") == []
