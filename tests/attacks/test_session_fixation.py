"""A session that the attacker knows before the victim signs in (OWASP ASVS 7.2.4)."""

import httpx
import pytest

from tests.conftest import Clock, Service
from tests.databases import Database, content
from tests.people import COOKIE, Person, profile_with, refresh_with


@pytest.mark.requirement(52)
async def test_a_planted_cookie_is_replaced_and_what_it_stood_for_ended(
    service: Service, bob: Person, eve: Person
) -> None:
    planted = eve.refresh_token
    victim = Person(service.client(), bob.email)
    victim.client.cookies.update(eve.client.cookies)

    answer = await victim.login()

    assert answer.json()["user"]["_id"] == bob.id
    assert answer.cookies[COOKIE] != planted
    assert (await refresh_with(service.client(), planted)).json()["code"] == "session_ended"
    assert not await eve.is_signed_in()
    assert await victim.is_signed_in()


async def test_signing_in_again_leaves_nothing_behind_that_nobody_can_end(
    service: Service, bob: Person
) -> None:
    old_token, old_access = bob.refresh_token, bob.access_token

    await bob.login()

    assert (await refresh_with(service.client(), old_token)).json()["code"] == "session_ended"
    answer = await profile_with(service.client(), old_access)
    assert answer.json()["code"] == "session_ended"
    assert len((await bob.get("/sessions")).json()["sessions"]) == 1


async def test_a_failed_sign_in_ends_nobodys_session(bob: Person) -> None:
    wrong = Person(bob.client, bob.email, "incorrect horse battery")

    assert (await wrong.login()).status_code == 401

    assert await bob.is_signed_in()
    assert (await bob.refresh()).status_code == 200


async def test_a_forged_cookie_at_sign_in_ends_nobodys_session(
    service: Service, bob: Person
) -> None:
    token = str(bob.refresh_token)
    eve = await service.person("eve")
    for forged in (token[:-1], token[:-1] + ("A" if token[-1] != "A" else "E"), token + token):
        eve.client.cookies.clear()
        await eve.client.post(
            "/auth/login", json=eve.credentials, headers={"Cookie": f"{COOKIE}={forged}"}
        )

    assert await bob.is_signed_in()
    assert (await bob.refresh()).status_code == 200


@pytest.mark.requirement(52)
@pytest.mark.parametrize("name", ["sessionId", "session_id", "sid", "id", "refreshToken", "salt"])
async def test_no_session_takes_an_id_of_the_clients_choosing(
    service: Service, bob: Person, name: str
) -> None:
    chosen = "01234567-89ab-7cde-8f01-23456789abcd"
    client: httpx.AsyncClient = service.client()

    answer = await client.post(
        "/auth/login",
        json={**bob.credentials, name: chosen},
        params={name: chosen},
        headers={f"X-{name}": chosen, "Cookie": f"{name}={chosen}"},
    )
    bob.access_token = answer.json()["accessToken"]

    assert (await bob.profile()).json()["session"]["sessionId"] != chosen
    assert chosen not in answer.text


@pytest.mark.requirement(52)
async def test_every_sign_in_has_a_session_of_its_own(
    service: Service, bob: Person, clock: Clock
) -> None:
    phones = [await service.again(bob) for _ in range(5)]

    sessions = {(await p.profile()).json()["session"]["sessionId"] for p in [bob, *phones]}

    assert len(sessions) == 6
    assert len({person.refresh_token for person in [bob, *phones]}) == 6
    assert clock.now == Clock().now  # All in the same instant.


async def test_asking_for_a_token_makes_no_session(
    service: Service, bob: Person, database: Database
) -> None:
    before = content(database)
    for junk in ("", "x", "null", "0", f"{bob.refresh_token}x"):
        assert (await refresh_with(service.client(), junk)).status_code == 401
    assert content(database) == before
