"""
Somebody uses a session that is not theirs for what gives power away or cannot be undone.

A stolen access token, or a screen that was left alone: the session lives, its sign-in is old, and the
thief does not know the password. OWASP ASVS 7.5.1 and 7.5.3.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from keystead.domain.user import Role
from tests.conftest import Clock, Service, StartService
from tests.databases import Database
from tests.people import PASSWORD, Person

EVE = "eve@example.com"

Attack = Callable[[httpx.AsyncClient, dict[str, str], Person], Awaitable[httpx.Response]]

ATTACKS: dict[str, Attack] = {
    "deletes the account whose token it is": lambda thief, stolen, bob: thief.delete(
        f"/users/{bob.id}", headers=stolen
    ),
    "makes an accomplice admin": lambda thief, stolen, bob: thief.put(
        f"/users/{bob.id}/admin", headers=stolen
    ),
    "disables somebody": lambda thief, stolen, bob: thief.put(
        f"/users/{bob.id}/status", headers=stolen, json={"status": "disabled"}
    ),
    "signs somebody out": lambda thief, stolen, bob: thief.delete(
        f"/users/{bob.id}/sessions", headers=stolen
    ),
}


@pytest.fixture
async def service(start: StartService) -> Service:
    return await start(step_up="all", access_token_lifetime="1h")


async def account(ada: Person, bob: Person) -> tuple[object, bool]:
    """What an admin sees of Bob, and whether he is signed in."""
    return (await ada.get(f"/users/{bob.id}")).json(), await bob.is_signed_in()


@pytest.mark.requirement(67)
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
async def test_a_stolen_access_token_does_nothing_that_lasts(
    service: Service, clock: Clock, ada: Person, bob: Person, attack: Attack
) -> None:
    before = await account(ada, bob)
    clock.advance(minutes=10)
    thief = service.client("198.51.100.66")

    refused = [await attack(thief, ada.bearer, bob) for _ in range(3)]

    assert {answer.json()["code"] for answer in refused} == {"reauthentication_required"}
    assert await account(ada, bob) == before


@pytest.mark.requirement(67)
async def test_nobody_deletes_an_account_at_a_screen_that_was_left_alone(
    clock: Clock, ada: Person, bob: Person
) -> None:
    clock.advance(minutes=10)

    refused = await bob.delete(f"/users/{bob.id}")

    assert refused.json()["code"] == "reauthentication_required"
    assert await bob.is_signed_in()
    assert (await ada.get(f"/users/{bob.id}")).status_code == 200
    await bob.client.post("/auth/logout")
    assert (await bob.login()).status_code == 200


@pytest.mark.requirement(67)
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
async def test_whoever_does_not_know_the_password_cannot_prove_it(
    service: Service, clock: Clock, ada: Person, bob: Person, attack: Attack
) -> None:
    eve = await service.person("eve")
    before = await account(ada, bob)
    clock.advance(minutes=10)
    thief, path = service.client("198.51.100.66"), "/auth/reauthenticate"

    guesses = [
        await thief.post(path, headers=ada.bearer, json={"password": guess, "email": EVE})
        for guess in ("", "password", PASSWORD[:-1], f"{PASSWORD} ")
    ]
    own = await thief.post(path, headers=eve.bearer, json={"password": PASSWORD, "sub": ada.id})

    assert {answer.status_code for answer in guesses} == {401}
    assert own.status_code == 200
    refused = await attack(thief, ada.bearer, bob)
    assert refused.json()["code"] == "reauthentication_required"
    assert await account(ada, bob) == before


@pytest.mark.requirement(67)
async def test_the_owner_proves_the_password_and_goes_on(
    clock: Clock, ada: Person, bob: Person
) -> None:
    clock.advance(minutes=10)

    proof = {"password": PASSWORD}
    proved = await ada.client.post("/auth/reauthenticate", headers=ada.bearer, json=proof)

    assert proved.status_code == 200
    assert (await ada.delete(f"/users/{bob.id}")).status_code == 200
    assert (await bob.login()).status_code == 401


@pytest.mark.requirement(67)
async def test_a_proof_while_the_clock_was_ahead_does_not_count_when_it_was_set_right(
    service: Service, clock: Clock
) -> None:
    clock.advance(hours=1)
    ada, bob = await service.person("ada", Role.ADMIN), await service.person("bob")
    clock.advance(minutes=-59, seconds=-49)
    # What was signed while it was ahead is not valid yet, either: the session goes on with a refresh.
    assert (await ada.refresh()).status_code == 200

    refused = await ada.delete(f"/users/{bob.id}/sessions")

    assert refused.json()["code"] == "reauthentication_required"
    assert await ada.is_signed_in()


@pytest.mark.requirement(67)
async def test_sessions_of_an_older_version_count_from_their_sign_in(
    database: Database, clock: Clock, ada: Person, bob: Person
) -> None:
    database.change("sessions", {"user_id": ada.id}, authenticated_at=None)
    clock.advance(minutes=9, seconds=59)
    assert (await ada.delete(f"/users/{bob.id}/sessions")).status_code == 200

    clock.now += timedelta(seconds=1)

    refused = await ada.delete(f"/users/{bob.id}/sessions")
    assert refused.json()["code"] == "reauthentication_required"


@pytest.mark.requirement(64)
async def test_signing_oneself_out_everywhere_never_waits_for_a_password(
    service: Service, clock: Clock, bob: Person
) -> None:
    """Whoever suspects a theft must not have to type anything first (OWASP ASVS 7.5.2)."""
    phone = await service.again(bob)
    clock.advance(minutes=30)

    assert (await phone.delete("/sessions")).status_code == 200

    assert not await bob.is_signed_in()
    assert not await phone.is_signed_in()
