"""Who am I, and the order in which that is found out."""

import pytest

from tests.conftest import Clock, Service, StartService
from tests.people import FIREFOX, Person, profile_with
from tests.web.expect import SESSION, USER, assert_problem


async def test_the_profile_is_the_account_and_the_session(service: Service, bob: Person) -> None:
    answer = await bob.profile()

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"message", "user", "session"}
    assert body["message"] == "Profile fetched"
    assert set(body["user"]) == USER
    assert body["user"] == {
        "_id": bob.id,
        "email": "bob@example.com",
        "role": "user",
        "createdAt": "2026-01-01T12:00:00.000Z",
        "updatedAt": "2026-01-01T12:00:00.000Z",
    }
    session_id = body["session"].pop("sessionId")
    assert set(body["session"]) | {"sessionId"} == SESSION
    assert await service.tools.store.find_session(session_id) is not None
    assert body["session"] == {
        "ip": "192.0.2.1",
        "device": "Desktop",
        "userAgent": FIREFOX,
        "location": None,
        "createdAt": "2026-01-01T12:00:00.000Z",
        "lastActiveAt": "2026-01-01T12:00:00.000Z",
        "expiresAt": "2026-01-15T12:00:00.000Z",
    }


@pytest.mark.parametrize(
    ("idle_seconds", "last_active"),
    [(59, "2026-01-01T12:00:00.000Z"), (60, "2026-01-01T12:01:00.000Z")],
)
async def test_use_slides_the_session_once_a_minute(
    clock: Clock, bob: Person, idle_seconds: int, last_active: str
) -> None:
    clock.advance(seconds=idle_seconds)
    first = (await bob.profile()).json()["session"]

    again = (await bob.profile()).json()["session"]

    assert first == again
    assert again["lastActiveAt"] == last_active
    assert again["expiresAt"] == last_active.replace("-01T", "-15T")


async def test_use_can_be_written_down_every_time(start: StartService, clock: Clock) -> None:
    service = await start(session_touch_interval="0")
    bob = await service.person("bob")
    clock.advance(seconds=1)

    session = (await bob.profile()).json()["session"]

    assert session["lastActiveAt"] == "2026-01-01T12:00:01.000Z"


@pytest.mark.requirement(49)
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], "token_missing"),
        ([("Authorization", "")], "token_missing"),
        ([("Authorization", "Basic Ym9iOmJvYg==")], "token_missing"),
        ([("Authorization", "{access}")], "token_missing"),
        ([("Cookie", "accessToken={access}")], "token_missing"),
        ([("Authorization", "Bearer")], "token_invalid"),
        ([("Authorization", "Bearer garbage")], "token_invalid"),
        ([("Authorization", "Bearer {access}x")], "token_invalid"),
        ([("Authorization", "Bearer {access} x")], "token_invalid"),
        ([("Authorization", "Bearer {access}, Bearer {access}")], "token_invalid"),
        ([("Authorization", "Bearer " + "x" * 9000)], "token_invalid"),
        ([("Authorization", "Bearer {access}")] * 2, "token_invalid"),
    ],
)
async def test_what_is_not_one_bearer_token_is_refused(
    service: Service, bob: Person, headers: list[tuple[str, str]], code: str
) -> None:
    sent = [(name, value.format(access=bob.access_token)) for name, value in headers]

    answer = await service.client().get("/profile", headers=sent)

    assert_problem(answer, 401, code)
    # RFC 6750 section 3.1: an error code only where a token was sent.
    challenge = "Bearer" if code == "token_missing" else 'Bearer error="invalid_token"'
    assert answer.headers["www-authenticate"] == challenge


@pytest.mark.requirement(49)
async def test_a_token_in_the_url_is_not_looked_at(service: Service, bob: Person) -> None:
    """RFC 6750 section 2.3, RFC 9700 section 4.3.2."""
    answer = await service.client().get(
        "/profile", params={"access_token": bob.access_token, "accessToken": bob.access_token}
    )

    assert_problem(answer, 401, "token_missing")


async def test_the_scheme_is_written_in_any_case(service: Service, bob: Person) -> None:
    """RFC 9110 section 11.1."""
    headers = {"Authorization": f"bEARER {bob.access_token}"}

    assert (await service.client().get("/profile", headers=headers)).status_code == 200


async def test_the_header_the_token_and_the_session_are_checked_in_that_order(
    service: Service, clock: Clock, bob: Person
) -> None:
    await service.client().post("/auth/logout", headers=bob.bearer)
    assert_problem(await bob.profile(), 401, "session_ended")

    clock.advance(minutes=5)

    assert_problem(await bob.profile(), 401, "token_expired")
    answer = await profile_with(service.client(), bob.access_token + "x")
    assert_problem(answer, 401, "token_invalid")


async def test_an_access_token_is_good_for_five_minutes(clock: Clock, bob: Person) -> None:
    clock.advance(seconds=299)
    assert await bob.is_signed_in()

    clock.advance(seconds=1)

    answer = await bob.profile()
    assert_problem(answer, 401, "token_expired")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_a_session_that_idled_is_over_for_the_profile_too(
    start: StartService, clock: Clock
) -> None:
    service = await start(session_idle="2m")
    bob = await service.person("bob")
    clock.advance(seconds=119)
    assert await bob.is_signed_in()

    clock.advance(seconds=120)

    assert_problem(await bob.profile(), 401, "session_ended")
