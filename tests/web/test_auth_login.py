"""Signing in: what is answered, which session it opens and which it ends."""

import pytest

from tests.conftest import Clock, Service
from tests.people import FIREFOX, IPHONE, Person, profile_with, refresh_with
from tests.web.expect import USER, assert_problem, but_request_id, set_cookie

DEFAULT_CAP = 50


async def test_signing_in_answers_with_an_access_token_and_a_cookie(service: Service) -> None:
    bob = Person(service.client(), "bob@example.com")
    await bob.register()

    answer = await bob.login()

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"message", "accessToken", "user"}
    assert body["message"] == "Login successful"
    assert set(body["user"]) == USER
    assert body["user"]["_id"] == bob.id
    # The refresh token travels in the cookie alone (OWASP ASVS 5.0 14.2.1).
    assert bob.refresh_token == set_cookie(answer).value
    assert bob.refresh_token not in answer.text
    assert (await profile_with(service.client(), body["accessToken"])).status_code == 200


async def test_a_session_knows_where_it_was_opened(service: Service) -> None:
    await service.person("bob")
    phone = Person(service.client("198.51.100.7", IPHONE), "bob@example.com")
    await phone.login()

    session = (await phone.profile()).json()["session"]

    assert session["ip"] == "198.51.100.7"
    assert session["userAgent"] == IPHONE
    assert session["device"] == "iPhone"
    assert session["location"] is None  # no map is installed


async def test_every_refused_sign_in_looks_the_same(
    service: Service, ada: Person, bob: Person, eve: Person
) -> None:
    """OWASP ASVS 5.0 6.3.8: nobody learns who has an account, or what became of it."""
    await ada.put(f"/users/{eve.id}/status", {"status": "disabled"})
    people = [
        Person(service.client(), "nobody@example.com"),
        Person(service.client(), bob.email, "a wrong passphrase"),
        Person(service.client(), bob.email, "x" * 5000),
        Person(service.client(), eve.email, eve.password),
    ]

    answers = [await person.login() for person in people]

    assert_problem(answers[0], 401, "invalid_credentials")
    assert [but_request_id(answer) for answer in answers] == [but_request_id(answers[0])] * 4
    assert "set-cookie" not in answers[0].headers


async def test_signing_in_ends_the_session_of_the_cookie_it_replaces(
    service: Service, bob: Person
) -> None:
    """OWASP ASVS 5.0 7.2.4."""
    old_access, old_refresh = bob.access_token, bob.refresh_token
    elsewhere = await service.again(bob)

    assert (await bob.login()).status_code == 200

    assert bob.refresh_token != old_refresh
    answer = await profile_with(service.client(), old_access)
    assert_problem(answer, 401, "session_ended")
    assert_problem(await refresh_with(service.client(), old_refresh), 401, "session_ended")
    assert await bob.is_signed_in()
    assert await elsewhere.is_signed_in()


async def test_a_refused_sign_in_leaves_the_session_of_the_cookie(bob: Person) -> None:
    right, bob.password = bob.password, "a wrong passphrase"

    assert (await bob.login()).status_code == 401

    bob.password = right
    assert (await bob.refresh()).status_code == 200


@pytest.mark.parametrize("cookie", ["refreshToken=x", "refreshToken={0}x", "refreshToken=ksr_{0}"])
async def test_a_planted_cookie_is_never_adopted(
    service: Service, bob: Person, eve: Person, cookie: str
) -> None:
    """OWASP ASVS 5.0 7.2.4: a session is always the server's own."""
    headers = {"Cookie": cookie.format(eve.refresh_token)}

    answer = await service.client().post("/auth/login", json=bob.credentials, headers=headers)

    assert answer.status_code == 200
    assert set_cookie(answer).value != eve.refresh_token
    profile = await profile_with(service.client(), answer.json()["accessToken"])
    assert profile.json()["user"]["_id"] == bob.id
    assert await eve.is_signed_in()


async def test_one_sign_in_too_many_ends_the_oldest_session(service: Service, clock: Clock) -> None:
    """OWASP ASVS 5.0 7.1.2: the number of parallel sessions is bounded."""
    oldest = await service.person("bob")
    devices = [oldest]
    for _ in range(DEFAULT_CAP - 1):
        clock.advance(seconds=1)
        devices.append(await service.again(oldest))
    assert await oldest.is_signed_in()
    clock.advance(seconds=1)

    newest = await service.again(oldest)

    assert_problem(await oldest.profile(), 401, "session_ended")
    assert_problem(await oldest.refresh(), 401, "session_ended")
    assert await devices[1].is_signed_in()
    sessions = (await newest.get("/sessions")).json()["sessions"]
    assert len(sessions) == DEFAULT_CAP


async def test_a_user_agent_is_cut_before_it_is_kept(service: Service, bob: Person) -> None:
    tab = await service.again(bob, user_agent=FIREFOX + "x" * 8000)

    session = (await tab.profile()).json()["session"]

    assert session["userAgent"] == (FIREFOX + "x" * 8000)[:256]
