"""
Finding out who has an account by how long a refused sign-in takes (OWASP ASVS 6.3.8).

Pairs of requests that differ in nothing but whether there is such an account, to a server that hashes
as in production. The last case of each kind happened: CVE-2016-2513, CVE-2025-22234.
"""

import json
import random
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import pytest

from tests.attacks.timing import LIMIT, Measure, difference
from tests.databases import Database
from tests.people import PASSWORD, Person
from tests.server.running import Server, running

PAIRS = 300
WARM_UP = 20
"""Requests of each kind before any counts: caches, threads and connections are there then."""

SETTINGS = {
    "KEYSTEAD_ARGON2_MEMORY_KIB": "19456",
    "KEYSTEAD_ARGON2_ITERATIONS": "2",
    "KEYSTEAD_ARGON2_PARALLELISM": "1",
}

UNTHROTTLED = {"KEYSTEAD_THROTTLE": "off"}
THROTTLED = {"KEYSTEAD_THROTTLE_SIGN_INS": "1000000"}
"""All come from one address, of which nothing is to be seen here."""

Sent = tuple[str, str]
"""An address and a password."""

WRONG = "incorrect horse battery staple"

# What is sent for an account that is there, and what for one that is not.
CASES: dict[str, tuple[Sent, Sent]] = {
    "wrong password": (("bob@example.com", WRONG), ("bop@example.com", WRONG)),
    "right password, disabled": (("eve@example.com", PASSWORD), ("eva@example.com", PASSWORD)),
    "over-long password": (("bob@example.com", "p" * 5000), ("bop@example.com", "p" * 5000)),
}


@pytest.fixture(scope="module")
def server(database_of_module: Database) -> Iterator[Server]:
    with running(database_of_module, **SETTINGS, **UNTHROTTLED) as started:
        yield started


@pytest.fixture
async def _people(server: Server, database_of_module: Database) -> None:
    async with server.client() as client:
        for name in ("bob", "eve"):
            await Person(client, f"{name}@example.com").register()
    database_of_module.change("users", {"email": "eve@example.com"}, status="disabled")


@pytest.mark.thorough
@pytest.mark.requirement(14)
@pytest.mark.timeout(180)
@pytest.mark.usefixtures("_people")
@pytest.mark.parametrize("case", CASES)
def test_no_refused_sign_in_tells_by_its_time_who_has_an_account(server: Server, case: str) -> None:
    assert abs(t := compared(server, *CASES[case], status=401)) < LIMIT, f"t = {t:.1f}"


@pytest.mark.thorough
@pytest.mark.requirement(14)
@pytest.mark.timeout(180)
async def test_nor_does_one_that_is_throttled(database: Database) -> None:
    """Both are refused before hashing, so what hides a difference elsewhere is not there."""
    with running(database, **SETTINGS, **THROTTLED) as server:
        async with server.client() as client:
            await Person(client, "bob@example.com").register()
            for email in ("bob@example.com", "bop@example.com"):
                while (await Person(client, email, WRONG).login()).status_code != 429:
                    pass
        # Otherwise the next attempt is let in after a second. The address has made all of them.
        made = {row["made"] for row in database.rows("attempts")}
        in_an_hour = int((time.time() + 3600) * 1000)
        for number in made - {max(made)}:
            database.change("attempts", {"made": number}, open_at=in_an_hour)

        t = compared(
            server, ("bob@example.com", WRONG), ("bop@example.com", WRONG), status=429, pairs=1000
        )

    assert abs(t) < LIMIT, f"t = {t:.1f}"


@pytest.mark.parametrize("seed", range(5))
def test_a_difference_of_three_percent_would_be_noticed(seed: int) -> None:
    machine = random.Random(seed)

    same = difference(noisy(machine, 25), noisy(machine, 25), PAIRS)
    leaking = difference(noisy(machine, 25 * 1.03), noisy(machine, 25), PAIRS)

    assert abs(same) < LIMIT
    assert leaking > LIMIT


def noisy(machine: random.Random, milliseconds: float) -> Measure:
    """Work that is interrupted every now and then, as on a machine that others use too."""

    def measure() -> float:
        interruption = machine.expovariate(1 / 40) if machine.random() < 0.15 else 0
        return machine.gauss(milliseconds, 1.2) + interruption

    return measure


def compared(
    server: Server, there: Sent, not_there: Sent, *, status: int, pairs: int = PAIRS
) -> float:
    """Send both in turns. Returns: Welch's t of the times that the answers took."""
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=20)) as connection:
        first, second = (sign_in(connection, *sent, status) for sent in (there, not_there))
        for _ in range(WARM_UP):
            first()
            second()
        return difference(first, second, pairs)


def sign_in(connection: HTTPConnection, email: str, password: str, status: int) -> Measure:
    body = json.dumps({"email": email, "password": password})

    def measure() -> float:
        begun = time.perf_counter()
        connection.request("POST", "/auth/login", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        took = time.perf_counter() - begun
        assert answer.status == status
        return took

    return measure
