"""Registering, member by member, and what is an address and a password."""

import re

import pytest

from tests.conftest import Clock, Service
from tests.people import PASSWORD, Person
from tests.web.expect import USER, assert_problem

UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


async def test_registering_answers_with_the_account_and_nothing_else(service: Service) -> None:
    answer = await Person(service.client(), "bob@example.com").register()

    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == {"message", "user"}
    assert body["message"] == "User registered successfully"
    assert set(body["user"]) == USER
    assert re.fullmatch(UUID7, body["user"]["_id"])
    assert body["user"]["email"] == "bob@example.com"
    assert body["user"]["role"] == "user"
    assert body["user"]["createdAt"] == body["user"]["updatedAt"] == "2026-01-01T12:00:00.000Z"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("  Bob@Example.COM ", "bob@example.com"),
        ("bob@BÜCHER.example", "bob@xn--bcher-kva.example"),
        ("cafe\u0301@example.com", "caf\u00e9@example.com"),
    ],
)
async def test_an_address_has_one_form_however_it_is_written(
    service: Service, written: str, stored: str
) -> None:
    first = Person(service.client(), written)
    assert (await first.register()).json()["user"]["email"] == stored

    again = await Person(service.client(), stored, "another long passphrase").register()

    assert_problem(again, 409, "email_taken")
    # The effect: the account is still the first one's, under either spelling.
    assert (await Person(service.client(), stored).login()).status_code == 200
    assert (await Person(service.client(), written).login()).status_code == 200
    thief = Person(service.client(), stored, "another long passphrase")
    assert (await thief.login()).status_code == 401


async def test_members_that_nobody_asked_for_never_matter(service: Service, clock: Clock) -> None:
    """OWASP ASVS 5.0 15.3.3: no mass assignment."""
    extra = {
        "role": "admin",
        "_id": "00000000-0000-0000-0000-000000000001",
        "id": "00000000-0000-0000-0000-000000000001",
        "isAdmin": True,
        "status": "disabled",
        "createdAt": "1999-01-01T00:00:00.000Z",
        "passwordHash": "x",
        "__proto__": {"role": "admin", "isAdmin": True},
        "constructor": {"prototype": {"role": "admin"}},
    }
    bob = Person(service.client(), "bob@example.com")

    answer = await bob.post("/auth/register", bob.credentials | extra)

    assert answer.status_code == 201
    assert set(answer.json()["user"]) == USER
    assert answer.json()["user"]["_id"] != extra["_id"]
    assert answer.json()["user"]["createdAt"].startswith(f"{clock.now.year}-")
    answer = await bob.post("/auth/login", bob.credentials | extra)
    bob.access_token = answer.json()["accessToken"]
    assert answer.json()["user"]["role"] == "user"
    assert (await bob.get("/users")).status_code == 403


@pytest.mark.parametrize("route", ["/auth/register", "/auth/login"])
async def test_missing_members_are_named(service: Service, route: str) -> None:
    eve = Person(service.client(), "eve@example.com")

    assert_problem(await eve.post(route, {}), 400, "input_invalid", "email", "password")
    assert_problem(
        await eve.post(route, {"email": "e@example.com"}), 400, "input_invalid", "password"
    )
    assert_problem(await eve.post(route, {"password": PASSWORD}), 400, "input_invalid", "email")


@pytest.mark.parametrize("route", ["/auth/register", "/auth/login"])
@pytest.mark.parametrize(
    "email",
    [
        "",
        "bob",
        "bob@",
        "@example.com",
        "a@b@example.com",
        "bob@exa mple.com",
        "bob,eve@example.com",
        "bob@example.com\r\nBcc: eve@example.com",
        f"{'b' * 64}@{'x' * 63}.{'y' * 63}.{'z' * 63}.com",
    ],
)
async def test_what_is_no_address_is_refused(service: Service, route: str, email: str) -> None:
    eve = Person(service.client(), "eve@example.com")

    answer = await eve.post(route, {"email": email, "password": PASSWORD})

    assert_problem(answer, 400, "input_invalid", "email")


@pytest.mark.requirement(1)
@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("seven77", "password_too_short"),
        ("x" * 1025, "password_too_long"),
        ("password123", "password_blocklisted"),
        ("bob-the-builder-bob-the-builder", "password_predictable"),
    ],
)
async def test_a_password_that_the_policy_refuses_makes_no_account(
    service: Service, password: str, code: str
) -> None:
    bob = Person(service.client(), "bob-the-builder@example.com", password)

    assert_problem(await bob.register(), 400, code, "password")

    assert (await bob.login()).status_code == 401


async def test_passwords_are_kept_to_the_letter(service: Service) -> None:
    """OWASP ASVS 5.0 6.2.8: verified exactly as received."""
    bob = Person(service.client(), "bob@example.com", f"  {PASSWORD} ")
    assert (await bob.register()).status_code == 201

    for other in (PASSWORD, f" {PASSWORD}", f"  {PASSWORD}", f"  {PASSWORD.upper()} "):
        assert (await Person(service.client(), bob.email, other).login()).status_code == 401
    assert (await bob.login()).status_code == 200
