"""
Going on with rights that were taken away: an access token says who, the database says what they may.

OWASP ASVS 7.4.2, 7.4.5, 8.3.2; GHSA-56p6-qw3c-fq2g. Each change is made on one server and tried on
another one, which has seen the token before and may remember that its signature is good.
"""

import asyncio
from dataclasses import dataclass

import httpx
import pytest

from keystead.domain.user import Role
from tests.conftest import Service, StartService
from tests.people import Person, profile_with, refresh_with


@dataclass
class Pair:
    """Two servers on one database; Ada works on the first, Bob is signed in on the second."""

    first: Service
    second: Service
    ada: Person
    bob: Person

    async def use(self, path: str = "/profile") -> httpx.Response:
        return await self.second.client().get(path, headers=self.bob.bearer)


@pytest.fixture
async def pair(start: StartService) -> Pair:
    first, second = await start(), await start()
    ada = await first.person("ada", Role.ADMIN)
    bob = await second.person("bob")
    both = Pair(first, second, ada, bob)
    assert (await both.use()).status_code == 200
    return both


@pytest.mark.requirement(61)
async def test_disabling_ends_every_session_on_the_very_next_request(pair: Pair) -> None:
    phone = await pair.second.again(pair.bob)

    assert (await disable(pair)).status_code == 200

    for person in (pair.bob, phone):
        answer = await profile_with(pair.second.client(), person.access_token)
        assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")
        assert (await person.refresh()).json()["code"] == "session_ended"
        assert (await person.login()).json()["code"] == "invalid_credentials"


@pytest.mark.requirement(61)
@pytest.mark.parametrize("change", ["disable", "delete"])
async def test_a_sign_in_under_way_does_not_outlive_the_change(pair: Pair, change: str) -> None:
    for number in range(5):
        carl = await pair.second.person(f"carl{number}")
        devices = [Person(pair.second.client(), carl.email, carl.password) for _ in range(4)]
        target = f"/users/{carl.id}"
        if change == "disable":
            changing = pair.ada.put(f"{target}/status", {"status": "disabled"})
        else:
            changing = pair.ada.delete(target)

        changed, *_ = await asyncio.gather(changing, *(device.login() for device in devices))

        assert changed.status_code == 200
        for device in [carl, *devices]:
            assert not await device.is_signed_in()
            assert (await device.refresh()).status_code == 401


async def test_being_enabled_again_brings_no_old_session_back(pair: Pair) -> None:
    old = pair.bob.refresh_token
    await disable(pair)

    await pair.ada.put(f"/users/{pair.bob.id}/status", {"status": "active"})

    assert (await pair.use()).json()["code"] == "session_ended"
    assert (await refresh_with(pair.second.client(), old)).json()["code"] == "session_ended"
    assert (await pair.bob.login()).status_code == 200


@pytest.mark.requirement(61)
async def test_deleting_ends_every_session_on_the_very_next_request(pair: Pair) -> None:
    assert (await pair.ada.delete(f"/users/{pair.bob.id}")).status_code == 200

    assert (await pair.use()).json()["code"] == "session_ended"
    assert (await pair.bob.refresh()).json()["code"] == "session_ended"
    assert (await pair.bob.login()).json()["code"] == "invalid_credentials"


async def test_a_new_account_of_the_same_address_inherits_nothing(pair: Pair) -> None:
    old, access = pair.bob.refresh_token, pair.bob.access_token
    await pair.ada.put(f"/users/{pair.bob.id}/admin")
    await pair.ada.delete(f"/users/{pair.bob.id}")

    newcomer = await pair.second.person("bob")

    assert newcomer.id != pair.bob.id
    assert (await newcomer.profile()).json()["user"]["role"] == "user"
    assert (await profile_with(pair.second.client(), access)).status_code == 401
    assert (await refresh_with(pair.second.client(), old)).json()["code"] == "session_ended"


@pytest.mark.requirement(66)
async def test_a_demoted_admins_token_is_refused_at_once_and_after_every_refresh(
    pair: Pair,
) -> None:
    await pair.ada.put(f"/users/{pair.bob.id}/admin")
    assert (await pair.use("/users")).status_code == 200

    await pair.ada.put(f"/users/{pair.bob.id}/user")

    assert (await pair.use("/users")).status_code == 403
    for _ in range(3):
        assert (await pair.bob.refresh()).status_code == 200
        assert (await pair.use("/users")).status_code == 403
        assert (await pair.bob.profile()).json()["user"]["role"] == "user"
    answer = await pair.bob.put(f"/users/{pair.bob.id}/admin")
    assert answer.status_code == 403


@pytest.mark.requirement(66)
async def test_a_promoted_users_old_token_works_as_an_admins(pair: Pair) -> None:
    assert (await pair.use("/users")).status_code == 403

    await pair.ada.put(f"/users/{pair.bob.id}/admin")

    assert (await pair.use("/users")).status_code == 200


@pytest.mark.requirement(63)
async def test_an_admin_signs_a_user_out_everywhere(pair: Pair) -> None:
    phone = await pair.second.again(pair.bob)

    answer = await pair.ada.delete(f"/users/{pair.bob.id}/sessions")

    assert answer.json()["ended"] == 2
    for person in (pair.bob, phone):
        refused = await profile_with(pair.second.client(), person.access_token)
        assert refused.json()["code"] == "session_ended"
        assert (await person.refresh()).json()["code"] == "session_ended"
    assert await pair.ada.is_signed_in()
    assert (await pair.bob.login()).status_code == 200


@pytest.mark.requirement(64)
async def test_ending_one_session_leaves_the_others(pair: Pair) -> None:
    phone = await pair.second.again(pair.bob)
    session = (await phone.profile()).json()["session"]["sessionId"]

    assert (await pair.bob.delete(f"/sessions/{session}")).status_code == 200

    assert not await phone.is_signed_in()
    assert (await phone.refresh()).json()["code"] == "session_ended"
    assert await pair.bob.is_signed_in()


@pytest.mark.requirement(64)
@pytest.mark.parametrize(
    ("path", "survives"), [("/sessions", False), ("/sessions?except=current", True)]
)
async def test_ending_all_sessions_ends_the_thiefs_too(
    pair: Pair, path: str, *, survives: bool
) -> None:
    thief = await pair.first.again(pair.bob)

    assert (await pair.bob.delete(path)).status_code == 200

    assert not await thief.is_signed_in()
    assert (await thief.refresh()).json()["code"] == "session_ended"
    assert await pair.bob.is_signed_in() is survives
    assert ((await pair.bob.refresh()).status_code == 200) is survives


async def disable(pair: Pair) -> httpx.Response:
    return await pair.ada.put(f"/users/{pair.bob.id}/status", {"status": "disabled"})
