"""Going on after sign-out, and signing others out (OWASP ASVS 7.4.1)."""

import pytest

from tests.conftest import Clock, Service, StartService
from tests.people import COOKIE, Person, profile_with, refresh_with

CLEARED = f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"


@pytest.mark.requirement(60)
@pytest.mark.parametrize("credentials", ["cookie", "bearer", "both", "rotated cookie"])
async def test_signing_out_kills_both_tokens_on_every_server_at_once(
    start: StartService, credentials: str
) -> None:
    one, two = await start(), await start()
    bob = await one.person("bob")
    rotated = bob.refresh_token
    await bob.refresh()
    access, newest = bob.access_token, bob.refresh_token
    elsewhere = two.client()
    assert (await profile_with(elsewhere, access)).status_code == 200
    cookie = {"Cookie": f"{COOKIE}={rotated if credentials == 'rotated cookie' else newest}"}
    headers = {
        **(cookie if credentials != "bearer" else {}),
        **(bob.bearer if credentials in {"bearer", "both"} else {}),
    }

    answer = await one.client().post("/auth/logout", headers=headers)

    assert (answer.status_code, answer.json()) == (200, {"message": "user logged out."})
    assert answer.headers["set-cookie"] == CLEARED
    for server in (one, two):
        refused = await profile_with(server.client(), access)
        assert (refused.status_code, refused.json()["code"]) == (401, "session_ended")
        for token in (newest, rotated):
            again = await refresh_with(server.client(), token)
            assert (again.status_code, again.json()["code"]) == (401, "session_ended")


@pytest.mark.requirement(60)
async def test_signing_out_twice_is_the_same_as_once(service: Service, bob: Person) -> None:
    headers = {**bob.bearer, "Cookie": f"{COOKIE}={bob.refresh_token}"}

    first = await service.client().post("/auth/logout", headers=headers)
    second = await service.client().post("/auth/logout", headers=headers)

    assert (first.status_code, first.text) == (second.status_code, second.text)
    assert first.headers["set-cookie"] == second.headers["set-cookie"] == CLEARED


async def test_the_tokens_of_two_sessions_end_both(service: Service, bob: Person) -> None:
    phone = await service.again(bob)

    headers = {**bob.bearer, "Cookie": f"{COOKIE}={phone.refresh_token}"}
    await service.client().post("/auth/logout", headers=headers)

    assert not await bob.is_signed_in()
    assert not await phone.is_signed_in()


@pytest.mark.parametrize(
    "cookie",
    [
        "", "x", "null", "undefined", 'j:{"$ne":null}', 'j:{"$gt":""}', '{"$ne":null}', "%00", "*",
        "' OR '1'='1", "true", "0", "j:[]", "[object Object]", "ksr_", "ksr_" + "A" * 120,
    ],
)  # fmt: skip
async def test_junk_signs_nobody_out(
    service: Service, bob: Person, eve: Person, cookie: str
) -> None:
    answer = await service.client().post(
        "/auth/logout",
        headers={"Cookie": f"{COOKIE}={cookie}", "Authorization": f"Bearer {cookie}"},
    )

    assert (answer.status_code, answer.json()) == (200, {"message": "user logged out."})
    for person in (bob, eve):
        assert await person.is_signed_in()
        assert (await person.refresh()).status_code == 200


async def test_an_expired_access_token_signs_nobody_out(
    service: Service, clock: Clock, bob: Person
) -> None:
    clock.advance(minutes=5)

    assert (await service.client().post("/auth/logout", headers=bob.bearer)).status_code == 200

    assert (await bob.refresh()).status_code == 200


async def test_signing_out_is_no_get(bob: Person) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"):
        answer = await bob.client.request(method, "/auth/logout", headers=bob.bearer)
        assert answer.status_code == 405
    assert await bob.is_signed_in()
