"""Where am I signed in, and ending what is not me."""

import pytest

from tests.conftest import Clock, Service
from tests.people import IPHONE, Person, profile_with, refresh_with
from tests.web.calls import session_of
from tests.web.expect import DEVICE, assert_cookie_cleared, assert_problem, but_request_id


async def test_sessions_are_listed_newest_first(
    service: Service, clock: Clock, bob: Person
) -> None:
    clock.advance(seconds=1)
    phone = await service.again(bob, ip="198.51.100.7", user_agent=IPHONE)
    clock.advance(seconds=1)
    tab = await service.again(bob)

    answer = await phone.get("/sessions")

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"message", "sessions"}
    assert body["message"] == "Sessions fetched"
    assert all(set(session) == DEVICE for session in body["sessions"])
    assert [session["sessionId"] for session in body["sessions"]] == [
        await session_of(tab),
        await session_of(phone),
        await session_of(bob),
    ]
    assert [session["current"] for session in body["sessions"]] == [False, True, False]


async def test_a_listed_session_can_be_recognised(service: Service, bob: Person) -> None:
    phone = await service.again(bob, ip="198.51.100.7", user_agent=IPHONE)

    found = (await phone.get("/sessions")).json()["sessions"]

    desktop = next(session for session in found if not session["current"])
    assert (desktop["browser"], desktop["os"]) == ("Firefox 132", "Windows 10")
    mobile = next(session for session in found if session["current"])
    assert mobile["device"] == "iPhone"
    assert mobile["ip"] == "198.51.100.7"
    assert mobile["browser"].startswith("Mobile Safari")
    assert mobile["os"].startswith("iOS")
    assert (mobile["city"], mobile["country"], mobile["location"]) == (None, None, None)


async def test_only_live_sessions_of_ones_own_are_listed(
    service: Service, clock: Clock, bob: Person, eve: Person
) -> None:
    clock.advance(days=13)
    tab = await service.again(bob)
    clock.advance(days=1)
    await tab.refresh()

    listed = (await tab.get("/sessions")).json()["sessions"]

    assert [session["sessionId"] for session in listed] == [await session_of(tab)]
    assert eve.id


async def test_a_session_is_ended_by_its_owner(service: Service, bob: Person) -> None:
    phone = await service.again(bob)
    refresh_token = phone.refresh_token

    answer = await bob.delete(f"/sessions/{await session_of(phone)}")

    assert answer.status_code == 200
    assert answer.json() == {"message": "Session ended", "ended": 1}
    assert "set-cookie" not in answer.headers
    assert_problem(await phone.profile(), 401, "session_ended")
    assert_problem(await refresh_with(service.client(), refresh_token), 401, "session_ended")
    assert await bob.is_signed_in()


async def test_ending_the_current_session_clears_its_cookie(service: Service, bob: Person) -> None:
    phone = await service.again(bob)

    answer = await bob.delete(f"/sessions/{await session_of(bob)}")

    assert_cookie_cleared(answer)
    assert_problem(await bob.profile(), 401, "session_ended")
    assert await phone.is_signed_in()


async def test_a_foreign_session_looks_like_one_that_never_was(
    ada: Person, bob: Person, eve: Person
) -> None:
    """OWASP ASVS 5.0 8.2.2; not even an admin reaches into others' sessions this way."""
    foreign = await session_of(bob)
    unknown = "019b796d-d600-7bb9-b780-d2641cd13b89"

    for thief in (eve, ada):
        answers = [
            await thief.delete(f"/sessions/{session_id}")
            for session_id in (foreign, unknown, "malformed", "%00", "x" * 3000, "'--")
        ]
        assert_problem(answers[0], 404, "session_not_found")
        assert [but_request_id(answer) for answer in answers] == [but_request_id(answers[0])] * 6

    assert await bob.is_signed_in()


async def test_a_session_is_ended_once(service: Service, bob: Person) -> None:
    path = f"/sessions/{await session_of(await service.again(bob))}"
    assert (await bob.delete(path)).status_code == 200

    assert_problem(await bob.delete(path), 404, "session_not_found")


async def test_all_others_can_be_ended(service: Service, bob: Person, eve: Person) -> None:
    others = [await service.again(bob), await service.again(bob)]

    answer = await bob.delete("/sessions?except=current")

    assert answer.status_code == 200
    assert answer.json() == {"message": "Sessions ended", "ended": 2}
    assert "set-cookie" not in answer.headers
    for other in others:
        assert_problem(await other.refresh(), 401, "session_ended")
        assert_problem(await profile_with(eve.client, other.access_token), 401, "session_ended")
    assert await bob.is_signed_in()
    assert (await bob.refresh()).status_code == 200
    assert await eve.is_signed_in()


async def test_all_can_be_ended(service: Service, bob: Person, eve: Person) -> None:
    other = await service.again(bob)

    answer = await bob.delete("/sessions")

    assert answer.json() == {"message": "Sessions ended", "ended": 2}
    assert_cookie_cleared(answer)
    assert_problem(await bob.profile(), 401, "session_ended")
    assert_problem(await other.profile(), 401, "session_ended")
    assert await eve.is_signed_in()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("exept=current", "exept"),
        ("Except=current", "Except"),
        ("except=this", "except"),
        ("except=", "except"),
        ("except=current&x=1", "x"),
        ("except=current&except=current", "query"),
        ("spared=current", "spared"),
        ("except[]=current", "except[]"),
    ],
)
async def test_a_misspelt_query_ends_nothing(
    service: Service, bob: Person, query: str, field: str
) -> None:
    """Silently ignoring it would end the session that was to be spared."""
    other = await service.again(bob)

    assert_problem(await bob.delete(f"/sessions?{query}"), 400, "input_invalid", field)

    assert await bob.is_signed_in()
    assert await other.is_signed_in()
