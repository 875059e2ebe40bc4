"""Signing out: always succeeds, and ends what can be proven to be the caller's."""

import httpx
import pytest

from tests.conftest import Clock, Service
from tests.people import COOKIE, Person, profile_with, refresh_with
from tests.web.expect import assert_cookie_cleared, assert_problem

SIGNED_OUT = {"message": "user logged out."}


async def sign_out(
    service: Service, access: str | None = None, refresh: str | None = None
) -> httpx.Response:
    """Sign out with just these, from a client that holds nothing else."""
    headers = {}
    if access is not None:
        headers["Authorization"] = f"Bearer {access}"
    if refresh is not None:
        headers["Cookie"] = f"refreshToken={refresh}"
    answer = await service.client().post("/auth/logout", headers=headers)
    assert answer.status_code == 200
    assert answer.json() == SIGNED_OUT
    assert_cookie_cleared(answer)
    return answer


async def assert_ended(service: Service, person: Person, refresh_token: str | None) -> None:
    assert_problem(await profile_with(service.client(), person.access_token), 401, "session_ended")
    assert_problem(await refresh_with(service.client(), refresh_token), 401, "session_ended")


@pytest.mark.requirement(60)
@pytest.mark.parametrize("held", ["cookie", "bearer", "both"])
async def test_either_credential_ends_the_session(service: Service, bob: Person, held: str) -> None:
    """OWASP ASVS 5.0 7.4.1."""
    elsewhere = await service.again(bob)
    refresh_token = bob.refresh_token

    await sign_out(
        service,
        bob.access_token if held != "cookie" else None,
        refresh_token if held != "bearer" else None,
    )

    await assert_ended(service, bob, refresh_token)
    assert await elsewhere.is_signed_in()


@pytest.mark.requirement(68)
async def test_the_browser_forgets_the_cookie(bob: Person) -> None:
    assert COOKIE in bob.client.cookies

    await bob.client.post("/auth/logout", headers=bob.bearer)

    assert COOKIE not in bob.client.cookies
    assert_problem(await bob.refresh(), 401, "refresh_missing")


async def test_signing_out_twice_is_no_error(service: Service, bob: Person) -> None:
    refresh_token = bob.refresh_token

    for _ in range(3):
        await sign_out(service, bob.access_token, refresh_token)

    await assert_ended(service, bob, refresh_token)


async def test_a_rotated_token_ends_its_session(
    service: Service, clock: Clock, bob: Person
) -> None:
    old = bob.refresh_token
    await bob.refresh()
    await bob.refresh()
    clock.advance(minutes=1)

    await sign_out(service, refresh=old)

    await assert_ended(service, bob, bob.refresh_token)


async def test_a_bearer_and_a_cookie_of_two_sessions_end_both(
    service: Service, bob: Person
) -> None:
    other = await service.again(bob)
    other_refresh = other.refresh_token

    await sign_out(service, bob.access_token, other_refresh)

    await assert_ended(service, bob, bob.refresh_token)
    await assert_ended(service, other, other_refresh)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "Bearer garbage")],
        [("Authorization", "Bearer")],
        [("Authorization", "Basic Ym9iOmJvYg==")],
        [("Authorization", "Bearer {access}x")],
        [("Authorization", "Bearer {access}"), ("Authorization", "Bearer {access}")],
        [("Authorization", "Bearer {refresh}")],
        [("Cookie", "refreshToken=garbage")],
        [("Cookie", 'refreshToken=j:{{"$ne":null}}')],
        [("Cookie", "refreshToken={refresh}x")],
        [("Cookie", "refreshToken={access}")],
        [("Cookie", "__Host-refreshToken={refresh}")],
        [("Authorization", "Bearer garbage"), ("Cookie", "refreshToken=garbage")],
    ],
)
async def test_what_proves_nothing_ends_nothing(
    service: Service, bob: Person, headers: list[tuple[str, str]]
) -> None:
    sent = [
        (name, value.format(access=bob.access_token, refresh=bob.refresh_token))
        for name, value in headers
    ]

    answer = await service.client().post("/auth/logout", headers=sent)

    assert answer.status_code == 200
    assert answer.json() == SIGNED_OUT
    assert_cookie_cleared(answer)
    assert await bob.is_signed_in()
    assert (await bob.refresh()).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        [("Cookie", "refreshToken={refresh}; refreshToken=planted")],
        [("Cookie", "refreshToken=planted"), ("Cookie", "refreshToken={refresh}")],
    ],
)
async def test_a_planted_cookie_does_not_keep_the_owner_signed_in(
    service: Service, bob: Person, headers: list[tuple[str, str]]
) -> None:
    sent = [(name, value.format(refresh=bob.refresh_token)) for name, value in headers]

    await service.client().post("/auth/logout", headers=sent)

    await assert_ended(service, bob, bob.refresh_token)


async def test_one_broken_credential_does_not_spoil_the_other(
    service: Service, bob: Person
) -> None:
    other = await service.again(bob)
    refresh_token, other_refresh = bob.refresh_token, other.refresh_token

    await sign_out(service, "garbage", refresh_token)
    await sign_out(service, other.access_token, "garbage")

    await assert_ended(service, bob, refresh_token)
    await assert_ended(service, other, other_refresh)


async def test_an_expired_bearer_is_no_obstacle(
    service: Service, clock: Clock, bob: Person
) -> None:
    refresh_token = bob.refresh_token
    clock.advance(minutes=6)

    await sign_out(service, bob.access_token, refresh_token)

    assert_problem(await refresh_with(service.client(), refresh_token), 401, "session_ended")
