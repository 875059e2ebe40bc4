"""
The refresh cookie: read by a script, sent to another host or over http, or planted from outside.

RFC 6265bis section 4.1.3; OWASP ASVS 3.3.1 to 3.3.4; CVE-2023-23934.
"""

from http.cookies import SimpleCookie

import httpx
import pytest

from tests.conftest import Clock, Service, StartService
from tests.people import COOKIE, Person

HOST_COOKIE = f"__Host-{COOKIE}"
FOURTEEN_DAYS = 14 * 24 * 3600


@pytest.mark.requirement(68)
async def test_over_https_the_cookie_is_bound_to_host_and_scripts_cannot_read_it(
    start: StartService, clock: Clock
) -> None:
    service = await start(cookie_secure=True)
    bob = Person(service.client(), "bob@example.com")
    await bob.register()
    written = [await bob.login()]
    token = value_of(written[0])
    written.append(await refresh_secure(service, token))
    clock.advance(days=20)
    written += [
        await refresh_secure(service, token),
        await service.client().post("/auth/logout"),
    ]

    for answer in written:
        attributes = attributes_of(answer)
        assert attributes["name"] == HOST_COOKIE
        assert attributes["secure"] == "Secure"
        assert attributes["httponly"] == "HttpOnly"
        assert attributes["samesite"] == "Strict"
        assert attributes["path"] == "/"
        assert "domain" not in attributes
    ages = [int(attributes_of(answer)["max-age"]) for answer in written]
    assert ages == [FOURTEEN_DAYS, FOURTEEN_DAYS, 0, 0]
    assert [bool(value_of(answer)) for answer in written] == [True, True, False, False]


@pytest.mark.requirement(68)
async def test_the_cookie_never_outlives_the_session(start: StartService, clock: Clock) -> None:
    service = await start(session_lifetime="15d")
    bob = await service.person("bob")
    clock.advance(days=10)

    answer = await bob.refresh()

    assert int(attributes_of(answer)["max-age"]) == 5 * 24 * 3600


@pytest.mark.requirement(68)
async def test_in_production_the_cookie_cannot_be_made_readable(
    start: StartService,
) -> None:
    service = await start(
        environment="production",
        allowed_hosts="localhost",
        argon2_memory_kib=19_456,
        argon2_iterations=2,
    )
    bob = Person(service.client(), "bob@example.com")
    await bob.register()

    answer = await bob.login()

    assert answer.headers["set-cookie"].startswith(f"{HOST_COOKIE}=ksr_")
    assert "; HttpOnly; Secure; SameSite=Strict" in answer.headers["set-cookie"]
    assert "max-age=31536000" in answer.headers["strict-transport-security"]


@pytest.mark.requirement(73)
@pytest.mark.parametrize(
    "template",
    [
        "refreshToken={token}",
        "__host-refreshToken={token}",
        "__Host-RefreshToken={token}",
        "__Secure-refreshToken={token}",
        "=__Host-refreshToken={token}",
        " =__Host-refreshToken={token}",
        "__Host-refreshToken =x; refreshToken={token}",
        "__Host-refreshToken[]={token}",
        "__Host-refreshToken%3D{token}",
        "x=__Host-refreshToken={token}",
        '__Host-refreshToken="{token}"',
        "__Host-refreshToken={token}; __Host-refreshToken={token}",
        "__Host-refreshToken=x; __Host-refreshToken={token}",
        "__Host-refreshToken={token}; __Host-refreshToken=",
        "__Host-refreshToken={token},__Host-refreshToken={token}",
    ],
)
async def test_a_cookie_tossed_from_another_host_is_not_taken_for_ours(
    start: StartService, template: str
) -> None:
    service = await start(cookie_secure=True)
    bob = Person(service.client(), "bob@example.com")
    await bob.register()
    token = value_of(await bob.login())
    header = {"Cookie": template.format(token=token)}

    answer = await service.client().post("/auth/refresh", headers=header)

    assert answer.status_code == 401
    assert answer.json()["code"] in {"refresh_missing", "refresh_invalid"}
    assert (await refresh_secure(service, token)).status_code == 200


@pytest.mark.requirement(73)
async def test_two_cookie_headers_are_two_cookies(
    service: Service, bob: Person, eve: Person
) -> None:
    both = [("Cookie", f"{COOKIE}={person.refresh_token}") for person in (eve, bob)]

    answer = await service.client().post("/auth/refresh", headers=both)

    assert (answer.status_code, answer.json()["code"]) == (401, "refresh_invalid")
    assert await bob.is_signed_in()
    assert (await bob.refresh()).status_code == 200


@pytest.mark.parametrize("around", ["%0d%0a", '"', ",", "\\", "é", "\x0b", "%20"])
async def test_what_is_nearly_the_token_is_not_the_token(
    service: Service, bob: Person, around: str
) -> None:
    token = bob.refresh_token
    for value in (f"{around}{token}", f"{token}{around}", f"{around}{token}{around}"):
        answer = await service.client().post(
            "/auth/refresh", headers={b"Cookie": f"{COOKIE}={value}".encode()}
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "refresh_invalid")

    assert (await bob.refresh()).status_code == 200


async def refresh_secure(service: Service, token: str) -> httpx.Response:
    return await service.client().post(
        "/auth/refresh", headers={"Cookie": f"{HOST_COOKIE}={token}"}
    )


def refresh_cookie_of(answer: httpx.Response) -> str:
    # Signing in sets a second one, by which the device is known again.
    headers = answer.headers.get_list("set-cookie")
    (header,) = [each for each in headers if "refreshToken=" in each]
    return header


def attributes_of(answer: httpx.Response) -> dict[str, str]:
    pair, *attributes = refresh_cookie_of(answer).split("; ")
    named = {text.partition("=")[0].lower(): text.rpartition("=")[2] for text in attributes}
    return {"name": pair.partition("=")[0], **named}


def value_of(answer: httpx.Response) -> str:
    (morsel,) = SimpleCookie(refresh_cookie_of(answer)).values()
    return morsel.value
