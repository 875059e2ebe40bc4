"""
Leaving the service without anybody who can administer it, also by two people at once.

OWASP ASVS 2.3.4, 15.4.2. The guard is one statement of the database, so it holds across servers.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest

from keystead.domain.user import Role
from tests.conftest import Service, StartService
from tests.databases import Database
from tests.databases.effort import times
from tests.people import Person

RACES = 100

Act = Callable[[Person, Person], Coroutine[Any, Any, httpx.Response]]


async def demote(actor: Person, target: Person) -> httpx.Response:
    return await actor.put(f"/users/{target.id}/user")


async def disable(actor: Person, target: Person) -> httpx.Response:
    return await actor.put(f"/users/{target.id}/status", {"status": "disabled"})


async def delete(actor: Person, target: Person) -> httpx.Response:
    return await actor.delete(f"/users/{target.id}")


ACTS = [demote, disable, delete]


@pytest.mark.requirement(82)
@pytest.mark.timeout(180)  # Some thousand requests, half of them writes that must be on the disk.
async def test_two_admins_who_demote_each_other_again_and_again_leave_one(
    start: StartService, database: Database
) -> None:
    servers = [await start(), await start()]
    ada = await servers[0].person("ada", Role.ADMIN)
    eve = await servers[1].person("eve", Role.ADMIN)

    for _ in range(times(RACES)):
        answers = await asyncio.gather(demote(ada, eve), demote(eve, ada))
        statuses = sorted(answer.status_code for answer in answers)
        # The slower one is refused: no longer an admin, or the last one.
        assert statuses in ([200, 403], [200, 409])
        assert await is_admin(ada) is not await is_admin(eve)
        loser, winner = (ada, eve) if await is_admin(eve) else (eve, ada)
        assert (await winner.put(f"/users/{loser.id}/admin")).status_code == 200

    assert len(active_admins(database)) == 2


@pytest.mark.requirement(82)
@pytest.mark.parametrize("first", ACTS)
@pytest.mark.parametrize("second", ACTS)
async def test_no_two_acts_at_once_leave_nobody(
    start: StartService, database: Database, first: Act, second: Act
) -> None:
    servers = [await start(), await start()]
    for number in range(3):
        ada = await servers[0].person(f"ada{number}", Role.ADMIN)
        eve = await servers[1].person(f"eve{number}", Role.ADMIN)
        for other in active_admins(database) - {ada.id, eve.id}:
            database.remove("users", id=other)

        answers = await asyncio.gather(first(ada, eve), second(eve, ada))

        assert min(answer.status_code for answer in answers) == 200
        assert all(answer.status_code < 500 for answer in answers)
        assert len(active_admins(database)) == 1


@pytest.mark.requirement(82)
@pytest.mark.parametrize("act", ACTS)
async def test_the_last_admin_cannot_remove_themselves(
    service: Service, ada: Person, bob: Person, act: Act
) -> None:
    disabled = await service.person("carl", Role.ADMIN)
    await disable(ada, disabled)  # An admin who cannot sign in is none.

    answer = await act(ada, ada)

    assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
    assert "set-cookie" not in answer.headers
    assert (await ada.get("/users")).status_code == 200
    assert (await ada.refresh()).status_code == 200
    assert await bob.is_signed_in()


@pytest.mark.parametrize("act", ACTS)
async def test_with_another_admin_anybody_may_go(service: Service, ada: Person, act: Act) -> None:
    eve = await service.person("eve", Role.ADMIN)

    assert (await act(ada, ada)).status_code == 200

    assert not await is_admin(ada)
    assert await is_admin(eve)
    assert (await act(eve, eve)).json()["code"] == "last_admin"


@pytest.mark.requirement(82)
async def test_many_admins_who_all_leave_at_once_leave_one(
    start: StartService, database: Database
) -> None:
    servers = [await start(), await start()]
    admins = [await servers[n % 2].person(f"admin{n}", Role.ADMIN) for n in range(10)]

    answers = await asyncio.gather(*(ACTS[n % 3](who, who) for n, who in enumerate(admins)))

    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [409]
    assert len(active_admins(database)) == 1


async def is_admin(person: Person) -> bool:
    return (await person.get("/users", params={"limit": 1})).status_code == 200


def active_admins(database: Database) -> set[str]:
    return {user["id"] for user in database.rows("users", role="admin", status="active")}
