"""
Passwords that are guessed first. NIST SP 800-63B-4 section 3.1.1.2; OWASP ASVS 6.1.2, 6.2.1 to 6.2.12.

An admin is made by the same flow as everybody else, so every refusal is shown on both ways in.
"""
# ruff: noqa: RUF001 - characters that look like others are what is tried here.

from datetime import UTC, datetime

import httpx
import pytest

from keystead.domain.errors import PasswordRejected
from keystead.domain.user import Role
from keystead.flows.register import register
from tests.conftest import Service, StartService
from tests.people import Person

EVELYN = "evelyn.marsh@example.com"


@pytest.mark.requirement(6, 7)
@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("qz8Kf2w", "password_too_short"),
        ("🦆" * 7, "password_too_short"),
        ("e\u0301" * 7, "password_too_short"),  # Fourteen code points as typed, seven letters.
        ("password", "password_blocklisted"),
        ("Password", "password_blocklisted"),
        ("12345678", "password_blocklisted"),
        ("qwertyuiop", "password_blocklisted"),
        ("iloveyou", "password_blocklisted"),
        ("TRUSTNO1", "password_blocklisted"),
        ("evelyn.marsh", "password_predictable"),
        ("evelyn.marshevelyn.marsh", "password_predictable"),
        ("Evelyn.Marsh2026!", "password_predictable"),
        ("2026!EVELYN.MARSH", "password_predictable"),
        (EVELYN, "password_predictable"),
        ("example.com1", "password_predictable"),
        ("Keystead123", "password_predictable"),
        ("keysteadkeystead", "password_predictable"),
        ("KEYSTEAD-2026", "password_predictable"),
    ],
)
async def test_a_password_that_is_guessed_first_makes_no_account(
    service: Service, anybody: httpx.AsyncClient, password: str, code: str
) -> None:
    evelyn = Person(anybody, EVELYN, password)

    answer = await evelyn.register()

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["errors"][0]["field"] == "password"
    with pytest.raises(PasswordRejected) as refusal:
        await register(service.tools, EVELYN, password, datetime.now(UTC), Role.ADMIN)
    assert refusal.value.code == code
    assert (await evelyn.login()).status_code == 401


@pytest.mark.requirement(7)
@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("bob@example.com", "bobbobbob"),
        ("bob@example.com", "BOBbobBOB"),
        ("straße@example.com", "Straße12345"),
        ("ｅｖｅｌｙｎ@example.com", "ｅｖｅｌｙｎ2026"),
        ("x@bigcorporation.example", "BigCorporation.Example!"),
    ],
)
async def test_no_address_is_too_short_or_too_odd_to_make_its_own_password(
    anybody: httpx.AsyncClient, email: str, password: str
) -> None:
    answer = await Person(anybody, email, password).register()

    assert (answer.status_code, answer.json()["code"]) == (400, "password_predictable")


@pytest.mark.requirement(7)
async def test_the_name_of_the_service_is_the_configured_one(start: StartService) -> None:
    service = await start(app_name="Wunderbar Notes")

    named = await Person(service.client(), EVELYN, "wunderbar notes!!").register()
    other = await Person(service.client(), EVELYN, "Keystead-123456").register()

    assert named.json()["code"] == "password_predictable"
    assert other.status_code == 201


@pytest.mark.requirement(5)
@pytest.mark.parametrize(
    "password",
    [
        "vmqkzrtplwxbnhjdgfcs",
        "79318046259147036285",
        "        spaces        only at the ends    ",
        "correct horse battery staple",
        "пароль, которого нет в списке",
        "🦆🧀🚲🪁🎻🧭🪴🦔",
        "qz8Kf2w!",
        "evelyn rode the nightbus home",
    ],
)
async def test_no_rule_of_composition_stands_in_the_way_of_a_good_password(
    anybody: httpx.AsyncClient, password: str
) -> None:
    evelyn = Person(anybody, EVELYN, password)

    assert (await evelyn.register()).status_code == 201
    assert (await evelyn.login()).status_code == 200


@pytest.mark.requirement(1, 4)
async def test_the_nist_profile_asks_for_fifteen_code_points(start: StartService) -> None:
    service = await start(password_profile="nist")
    ducks = "🦆🧀🚲🪁🎻🧭🪴🦔🦉🧵🪵🫖🧂🪙🛶"

    for password in ("vmqkzrtplwxbnh", ducks[:14]):
        answer = await Person(service.client(), EVELYN, password).register()
        assert (answer.status_code, answer.json()["code"]) == (400, "password_too_short")
    for name, password in {"latin": "vmqkzrtplwxbnhj", "ducks": ducks}.items():
        person = Person(service.client(), f"{name}@example.com", password)
        assert (await person.register()).status_code == 201


@pytest.mark.requirement(8)
async def test_a_password_does_not_expire(service: Service, bob: Person) -> None:
    service.app.app.state.context.clock.advance(days=400)

    assert (await bob.login()).status_code == 200
