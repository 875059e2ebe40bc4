"""Refreshing: what is answered, what the cookie becomes, what slides."""

import httpx
import pytest

from keystead.domain.user import Role
from tests.conftest import Clock, Service
from tests.people import Person, profile_with, refresh_with
from tests.web.expect import assert_cookie_cleared, assert_problem, set_cookie

DAY_SECONDS = 86_400


async def test_refreshing_answers_with_a_new_pair(service: Service, bob: Person) -> None:
    old_access, old_refresh = bob.access_token, bob.refresh_token

    answer = await bob.refresh()

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"message", "accessToken"}
    assert body["message"] == "Token refreshed"
    # Within the same second, and yet both are new.
    assert body["accessToken"] != old_access
    assert set_cookie(answer).value != old_refresh
    assert (await profile_with(service.client(), body["accessToken"])).status_code == 200
    assert (await bob.refresh()).status_code == 200


async def test_a_bearer_token_is_not_needed_to_refresh(service: Service, bob: Person) -> None:
    assert (await refresh_with(service.client(), bob.refresh_token)).status_code == 200


async def test_refreshing_slides_the_session(clock: Clock, bob: Person) -> None:
    first = (await bob.profile()).json()["session"]
    clock.advance(days=13)

    answer = await bob.refresh()

    session = (await bob.profile()).json()["session"]
    assert session["sessionId"] == first["sessionId"]
    assert session["createdAt"] == first["createdAt"] == "2026-01-01T12:00:00.000Z"
    assert session["lastActiveAt"] == "2026-01-14T12:00:00.000Z"
    assert session["expiresAt"] == "2026-01-28T12:00:00.000Z"
    assert set_cookie(answer).max_age_seconds == 14 * DAY_SECONDS


async def test_the_cookie_never_outlives_the_session(clock: Clock, bob: Person) -> None:
    """NIST SP 800-63B-4 section 5.1: the session ends after 30 days, however much it is used."""
    for days in (13, 13, 3):
        clock.advance(days=days)
        answer = await bob.refresh()
    assert set_cookie(answer).max_age_seconds == DAY_SECONDS
    newest = bob.refresh_token
    clock.advance(days=1)

    answer = await refresh_with(bob.client, newest)

    assert_problem(answer, 401, "session_ended")


async def test_a_session_that_idled_is_over(service: Service, clock: Clock, bob: Person) -> None:
    """OWASP ASVS 5.0 7.3.1."""
    token = bob.refresh_token
    clock.advance(days=14)

    answer = await refresh_with(service.client(), token)

    assert_problem(answer, 401, "session_ended")
    assert_cookie_cleared(answer)


async def test_without_a_cookie_there_is_nothing_to_refresh(anybody: httpx.AsyncClient) -> None:
    answer = await anybody.post("/auth/refresh")

    assert_problem(answer, 401, "refresh_missing")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "token", ["", "x", "ksr_", "ksr_" + "A" * 94, 'j:{"$ne":null}', "null", "%00", "é", "x" * 9000]
)
async def test_a_forged_token_ends_nobodys_session(
    service: Service, bob: Person, token: str
) -> None:
    headers = [(b"Cookie", f"refreshToken={token}".encode("latin-1"))]

    answer = await service.client().post("/auth/refresh", headers=headers)

    assert_problem(answer, 401, "refresh_invalid")
    assert "set-cookie" not in answer.headers
    assert (await bob.refresh()).status_code == 200


async def test_a_token_with_one_character_changed_ends_nothing(
    service: Service, bob: Person
) -> None:
    token = bob.refresh_token or ""
    for place in (5, 20, 50, 70, len(token) - 1):
        changed = "A" if token[place] != "A" else "B"
        forged = token[:place] + changed + token[place + 1 :]
        answer = await refresh_with(service.client(), forged)
        assert_problem(answer, 401, "refresh_invalid")

    assert (await bob.refresh()).status_code == 200


async def test_the_loser_of_a_race_keeps_the_winners_cookie(service: Service, bob: Person) -> None:
    old = bob.refresh_token
    await bob.refresh()

    answer = await refresh_with(service.client(), old)

    assert_problem(answer, 401, "refresh_superseded")
    assert "set-cookie" not in answer.headers
    assert (await bob.refresh()).status_code == 200


async def test_a_reused_token_takes_its_cookie_with_it(
    service: Service, clock: Clock, bob: Person
) -> None:
    old = bob.refresh_token
    await bob.refresh()
    clock.advance(seconds=11)

    answer = await refresh_with(service.client(), old)

    assert_problem(answer, 401, "refresh_reused")
    assert_cookie_cleared(answer)
    assert not await bob.is_signed_in()


async def test_each_kind_of_token_is_good_for_one_thing(service: Service, bob: Person) -> None:
    """RFC 8725 section 3.12: the kinds are mutually exclusive."""
    answer = await refresh_with(service.client(), bob.access_token)
    assert_problem(answer, 401, "refresh_invalid")

    answer = await profile_with(service.client(), bob.refresh_token or "")
    assert_problem(answer, 401, "token_invalid")

    assert await bob.is_signed_in()
    assert (await bob.refresh()).status_code == 200


async def test_what_a_refresh_gives_is_what_the_database_says(
    service: Service, ada: Person
) -> None:
    """OWASP ASVS 5.0 8.3.2: a demoted admin is no admin, however long they refresh."""
    carol = await service.person("carol", Role.ADMIN)
    await ada.put(f"/users/{carol.id}/user")

    assert (await carol.refresh()).status_code == 200

    assert (await carol.get("/users")).status_code == 403


async def test_a_disabled_user_cannot_refresh(service: Service, ada: Person, bob: Person) -> None:
    """OWASP ASVS 5.0 7.4.2."""
    token = bob.refresh_token
    await ada.put(f"/users/{bob.id}/status", {"status": "disabled"})

    answer = await refresh_with(service.client(), token)

    assert_problem(answer, 401, "session_ended")
    assert_cookie_cleared(answer)


async def test_a_deleted_user_cannot_refresh(service: Service, bob: Person) -> None:
    token = bob.refresh_token
    await bob.delete(f"/users/{bob.id}")

    answer = await refresh_with(service.client(), token)

    assert_problem(answer, 401, "session_ended")
    assert_cookie_cleared(answer)
