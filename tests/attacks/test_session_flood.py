"""One account that signs in without end (OWASP ASVS 7.1.2; API4:2023)."""

import asyncio

import pytest

from tests.conftest import Clock, Service, StartService
from tests.databases import Database, content
from tests.people import Person, refresh_with


@pytest.mark.requirement(65)
async def test_the_fifty_first_session_ends_the_oldest(
    service: Service, clock: Clock, bob: Person
) -> None:
    eve = await service.person("eve")
    devices = [bob]
    for _ in range(50):
        clock.advance(milliseconds=1)
        devices.append(await service.again(bob))

    oldest, *others = devices
    assert (await oldest.profile()).json()["code"] == "session_ended"
    assert (await oldest.refresh()).json()["code"] == "session_ended"
    assert [device for device in others if not await device.is_signed_in()] == []
    assert len((await devices[-1].get("/sessions")).json()["sessions"]) == 50
    assert await eve.is_signed_in()


@pytest.mark.requirement(65)
async def test_parallel_sign_ins_do_not_pass_the_cap(
    start: StartService, database: Database
) -> None:
    # Not about guessing: so many at once would be taken for guesses.
    given = {"sessions_per_user": 3, "throttle": "off"}
    servers = [await start(**given), await start(**given)]
    bob = await servers[0].person("bob")
    devices = [Person(servers[n % 2].client(), bob.email, bob.password) for n in range(16)]

    answers = await asyncio.gather(*(device.login() for device in devices))

    assert {answer.status_code for answer in answers} <= {200, 503}
    assert len(database.rows("sessions")) == 3
    # One of the three may be the one from before: they all begin in the same millisecond.
    assert [await device.is_signed_in() for device in [bob, *devices]].count(True) == 3


async def test_refreshing_without_end_leaves_one_session_and_nothing_else(
    service: Service, bob: Person, database: Database
) -> None:
    def count() -> dict[str, int]:
        return {name: len(rows) for name, rows in content(database).items()}

    before = count()
    first = bob.refresh_token
    for _ in range(100):
        assert (await bob.refresh()).status_code == 200

    assert count() == before
    assert (await refresh_with(service.client(), first)).json()["code"] == "refresh_reused"
