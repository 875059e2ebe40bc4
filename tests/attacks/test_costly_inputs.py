"""
Input that costs the service more than the attacker: it is refused before anything expensive sees it.

OWASP API4:2023; CVE-2025-22234 (over-long passwords told accounts apart).
"""

import math
from time import process_time

import httpx
import pytest

from tests.conftest import Service
from tests.people import Person

QUICK_SECONDS = 0.25
"""Of the processor: far over what an honest refusal takes, far under what it took without a bound."""

TIMES = 3
"""Fewer than the wrong passwords that an account takes without a wait."""


async def least_time(person: Person) -> tuple[float, list[httpx.Response]]:
    """
    Let *person* register and sign in, several times.

    Returns: the least seconds of the processor that it took, and the last answers. What is costly is so
    each time; what the process did once, or beside it, is not.
    """
    least = math.inf
    for _ in range(TIMES):
        started = process_time()
        answers = [await person.register(), await person.login()]
        least = min(least, process_time() - started)
    return least, answers


@pytest.mark.requirement(12)
@pytest.mark.parametrize(
    "password",
    [
        "p" * 1025,
        "🦆" * 1025,
        "p" * 4097,
        "p" * 60_000,
        # Sorting marks into canonical order is quadratic: 1.5 s for this one, unbounded.
        "a" + "\u0301" * 15_000 + "\u0323" * 15_000,
    ],
    ids=["1025", "1025 ducks", "4097", "60000", "combining marks"],
)
async def test_an_over_long_password_is_refused_at_once(
    anybody: httpx.AsyncClient, password: str
) -> None:
    bob = Person(anybody, "bob@example.com", password)

    took, (refused, unknown) = await least_time(bob)

    assert (refused.status_code, refused.json()["code"]) == (400, "password_too_long")
    assert (unknown.status_code, unknown.json()["code"]) == (401, "invalid_credentials")
    assert took < QUICK_SECONDS


@pytest.mark.requirement(12)
async def test_an_over_long_password_does_not_tell_accounts_apart(
    service: Service, bob: Person
) -> None:
    answers = [
        await Person(service.client(), email, "p" * 5000).login()
        for email in (bob.email, "nobody@example.com")
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["message"] for answer in answers}) == 1


@pytest.mark.parametrize(
    "email",
    [
        "a" * 6000,
        "a@" + "a." * 3000,
        "a@" * 3000,
        "a." * 3000 + "@example.com",
        "a" * 6000 + "@example.com",
        "a@" + "-" * 6000,
        "(" * 6000 + "@example.com",
        '"' + "\\" * 6000 + '"@example.com',
        " " * 50_000 + "@",
        "a@" + "ü" * 20_000 + ".example",
        "a" * 250 + "@b",
        "a." * 120 + "@example.com",
    ],
    ids=lambda email: f"{email[:6]} {len(email)}",
)
async def test_no_address_keeps_the_service_busy(anybody: httpx.AsyncClient, email: str) -> None:
    mallory = Person(anybody, email)

    took, answers = await least_time(mallory)

    assert {answer.status_code for answer in answers} == {400}
    assert took < QUICK_SECONDS


async def test_a_long_user_agent_is_neither_parsed_nor_kept_whole(service: Service) -> None:
    bob = await service.person("bob", client=service.client(user_agent="Mozilla/5.0 " * 1200))

    session = (await bob.profile()).json()["session"]

    assert len(session["userAgent"]) == 256
