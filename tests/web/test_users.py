"""Administering accounts: reading, roles, statuses, deletion, sessions."""

import pytest

from keystead.domain.user import Role
from tests.conftest import Clock, Service
from tests.people import Person, refresh_with
from tests.web.calls import session_of
from tests.web.expect import (
    DEVICE,
    MANAGED_USER,
    assert_cookie_cleared,
    assert_problem,
    but_request_id,
)

UNKNOWN = "019b796d-d600-7bb9-b780-d2641cd13b89"
DISABLED, ACTIVE = {"status": "disabled"}, {"status": "active"}


async def test_an_account_is_read_by_its_owner_and_by_an_admin(ada: Person, bob: Person) -> None:
    for reader in (bob, ada):
        answer = await reader.get(f"/users/{bob.id}")

        assert answer.status_code == 200
        body = answer.json()
        assert set(body) == {"message", "user"}
        assert body["message"] == "User fetched successfully"
        assert set(body["user"]) == MANAGED_USER
        assert body["user"]["_id"] == bob.id
        assert body["user"]["status"] == "active"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/users/{0}", None),
        ("DELETE", "/users/{0}", None),
        ("PUT", "/users/{0}/admin", None),
        ("PUT", "/users/{0}/emperor", None),
        ("PUT", "/users/{0}/status", DISABLED),
        ("PUT", "/users/{0}/status", {"status": 1}),
        ("GET", "/users/{0}/sessions", None),
        ("DELETE", "/users/{0}/sessions", None),
    ],
)
async def test_others_learn_nothing_of_who_exists(
    ada: Person, bob: Person, method: str, path: str, body: object
) -> None:
    """OWASP ASVS 5.0 8.2.2: existing, missing and malformed ids are one answer to a non-admin."""
    answers = [
        await bob.client.request(method, path.format(who), headers=bob.bearer, json=body)
        for who in (ada.id, UNKNOWN, "malformed", bob.id.upper(), "%00", "x" * 3000, "$ne")
    ]

    assert_problem(answers[0], 403, "forbidden")
    assert [but_request_id(answer) for answer in answers] == [but_request_id(answers[0])] * 7
    assert (await ada.get("/users")).json()["users"][0]["role"] == "admin"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/users/{0}", None),
        ("DELETE", "/users/{0}", None),
        ("PUT", "/users/{0}/admin", None),
        ("PUT", "/users/{0}/status", DISABLED),
        ("GET", "/users/{0}/sessions", None),
        ("DELETE", "/users/{0}/sessions", None),
    ],
)
async def test_an_admin_is_told_that_nobody_has_this_id(
    ada: Person, bob: Person, method: str, path: str, body: object
) -> None:
    for who in (UNKNOWN, "malformed", bob.id.upper(), bob.id + "0", "x" * 3000, "[$ne]"):
        answer = await ada.client.request(method, path.format(who), headers=ada.bearer, json=body)
        assert_problem(answer, 404, "user_not_found")


async def test_a_role_is_given_and_holds_on_the_next_request(
    clock: Clock, ada: Person, bob: Person
) -> None:
    """OWASP ASVS 5.0 8.3.2: Bob's token is the one he had before."""
    clock.advance(seconds=1)

    answer = await ada.put(f"/users/{bob.id}/admin")

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"message", "user"}
    assert body["message"] == "Role updated"
    assert set(body["user"]) == MANAGED_USER
    assert body["user"]["role"] == "admin"
    assert body["user"]["updatedAt"] == "2026-01-01T12:00:01.000Z"
    assert body["user"]["createdAt"] == "2026-01-01T12:00:00.000Z"
    assert (await bob.get("/users")).status_code == 200
    await ada.put(f"/users/{bob.id}/user", {})
    assert (await bob.get("/users")).status_code == 403


@pytest.mark.parametrize("role", ["emperor", "Admin", "ADMIN", "admin%20", "%61dmin%00"])
async def test_there_are_two_roles(ada: Person, bob: Person, role: str) -> None:
    assert_problem(await ada.put(f"/users/{bob.id}/{role}"), 400, "role_unknown")
    # The input is checked before anybody looks whether there is such a user.
    assert_problem(await ada.put(f"/users/{UNKNOWN}/{role}"), 400, "role_unknown")

    assert (await bob.get("/users")).status_code == 403


async def test_disabling_ends_every_session_at_once(
    service: Service, ada: Person, bob: Person
) -> None:
    """OWASP ASVS 5.0 7.4.2."""
    phone = await service.again(bob)
    token = bob.refresh_token

    answer = await ada.put(f"/users/{bob.id}/status", DISABLED)

    assert answer.status_code == 200
    assert answer.json()["message"] == "Status updated"
    assert set(answer.json()["user"]) == MANAGED_USER
    assert answer.json()["user"]["status"] == "disabled"
    for device in (bob, phone):
        assert_problem(await device.profile(), 401, "session_ended")
    assert_problem(await refresh_with(service.client(), token), 401, "session_ended")
    assert_problem(await bob.login(), 401, "invalid_credentials")


async def test_enabling_lets_them_sign_in_but_brings_no_session_back(
    service: Service, ada: Person, bob: Person
) -> None:
    token = bob.refresh_token
    await ada.put(f"/users/{bob.id}/status", DISABLED)

    answer = await ada.put(f"/users/{bob.id}/status", ACTIVE)

    assert answer.json()["user"]["status"] == "active"
    assert not await bob.is_signed_in()
    assert_problem(await refresh_with(service.client(), token), 401, "session_ended")
    assert (await bob.login()).status_code == 200


@pytest.mark.parametrize(
    "body", [{}, {"status": "gone"}, {"status": None}, {"status": ["disabled"]}]
)
async def test_a_status_is_one_of_two(ada: Person, bob: Person, body: object) -> None:
    assert_problem(await ada.put(f"/users/{bob.id}/status", body), 400, "input_invalid", "status")
    assert_problem(await ada.put(f"/users/{UNKNOWN}/status", body), 400, "input_invalid", "status")

    assert await bob.is_signed_in()


async def test_users_delete_themselves(service: Service, bob: Person, eve: Person) -> None:
    phone, old_id, token = await service.again(bob), bob.id, bob.refresh_token

    answer = await bob.delete(f"/users/{bob.id}")

    assert answer.status_code == 200
    assert set(answer.json()) == {"message", "user"}
    assert answer.json()["message"] == "Your account deleted"
    assert set(answer.json()["user"]) == MANAGED_USER
    assert answer.json()["user"]["_id"] == old_id
    assert_cookie_cleared(answer)
    for device in (bob, phone):
        assert_problem(await device.profile(), 401, "session_ended")
    assert_problem(await refresh_with(service.client(), token), 401, "session_ended")
    assert_problem(await bob.login(), 401, "invalid_credentials")
    assert (await bob.register()).status_code == 201  # the address is free again
    assert bob.id != old_id
    assert await eve.is_signed_in()


async def test_an_admin_deletes_another(ada: Person, bob: Person) -> None:
    answer = await ada.delete(f"/users/{bob.id}")

    assert answer.status_code == 200
    assert answer.json()["message"] == "User deleted"
    assert answer.json()["user"]["email"] == bob.email
    assert "set-cookie" not in answer.headers
    assert_problem(await bob.profile(), 401, "session_ended")
    assert_problem(await ada.get(f"/users/{bob.id}"), 404, "user_not_found")
    assert await ada.is_signed_in()


async def test_the_last_admin_stays(service: Service, ada: Person, bob: Person) -> None:
    """OWASP ASVS 5.0 2.3.4. A disabled admin is nobody to rely on."""
    carol = await service.person("carol", Role.ADMIN)
    await ada.put(f"/users/{carol.id}/status", DISABLED)

    assert_problem(await ada.put(f"/users/{ada.id}/user"), 409, "last_admin")
    assert_problem(await ada.put(f"/users/{ada.id}/status", DISABLED), 409, "last_admin")
    assert_problem(await ada.delete(f"/users/{ada.id}"), 409, "last_admin")

    assert (await ada.get("/users")).status_code == 200
    assert (await ada.put(f"/users/{ada.id}/admin")).status_code == 200
    await ada.put(f"/users/{bob.id}/admin")
    assert (await ada.put(f"/users/{ada.id}/user")).status_code == 200
    assert (await ada.get("/users")).status_code == 403


async def test_an_admin_sees_where_somebody_is_signed_in(
    service: Service, ada: Person, bob: Person
) -> None:
    phone = await service.again(bob)

    answer = await ada.get(f"/users/{bob.id}/sessions")

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"message", "sessions"}
    assert all(set(session) == DEVICE for session in body["sessions"])
    found = {session["sessionId"]: session["current"] for session in body["sessions"]}
    assert found == {await session_of(bob): False, await session_of(phone): False}


async def test_an_admin_signs_somebody_out_everywhere(
    service: Service, ada: Person, bob: Person
) -> None:
    """OWASP ASVS 5.0 7.4.5."""
    phone, token = await service.again(bob), bob.refresh_token

    answer = await ada.delete(f"/users/{bob.id}/sessions")

    assert answer.status_code == 200
    assert answer.json() == {"message": "Sessions ended", "ended": 2}
    for device in (bob, phone):
        assert_problem(await device.profile(), 401, "session_ended")
    assert_problem(await refresh_with(service.client(), token), 401, "session_ended")
    assert await ada.is_signed_in()
    assert (await bob.login()).status_code == 200
