"""A PostgreSQL server that stands still, and clients that go away: nobody waits, nobody is mixed up."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, suppress
from statistics import median

import httpx
import pytest

from tests.databases import Database
from tests.databases.postgres import PostgresServer
from tests.databases.postgres_server import Cluster
from tests.people import Person
from tests.server.running import Server, running

pytestmark = pytest.mark.only_on(
    "postgres", because="only there are pooled connections to a server"
)

STALLED_SECONDS = 30 if os.environ.get("CI") == "true" else 12
"""Longer than two requests after one another wait; in CI, where nobody sits by, longer still."""

ANSWERED_SECONDS = 5
"""A database that does not answer is given up by then."""

NOISE_SECONDS = 4
"""What a machine under load may add to that."""

LIVE_SECONDS = 0.1
"""For 99 of 100 answers that need no database; what they took before is the machine's own share."""

UNAVAILABLE = (503, "store_unavailable")

ABORTED = 10_000
AT_ONCE = 100
ABORTS_SECONDS = 60
PEOPLE = 8
LONGEST_PATIENCE_SECONDS = 0.05
"""Before a client goes away: from before its request is read to behind its answer."""


@pytest.fixture
def cluster(server_of_databases: PostgresServer) -> Iterator[Cluster]:
    """The server of this test process, which goes on afterwards whatever happened to it."""
    found = server_of_databases.cluster
    if found is None:
        pytest.skip("only a server of the tests' own can be made to stand still")
    yield found
    found.resume()


@pytest.mark.timeout(150)  # seconds: most of them are the outage itself
async def test_a_server_that_stands_still_stops_nothing_but_what_needs_it(
    database: Database, cluster: Cluster
) -> None:
    with running(database) as server:
        async with server.client() as client:
            bob = await server.person("bob", client)
            before = await _pulse(server, for_seconds=2)

            cluster.suspend()
            stalled = asyncio.create_task(_pulse(server, for_seconds=STALLED_SECONDS))
            while not stalled.done():
                asking = (bob.profile(), bob.refresh(), bob.login())
                for answer in await asyncio.gather(*map(_timed, asking)):
                    assert (answer.status_code, answer.json()["code"]) == UNAVAILABLE
            cluster.resume()

            assert _usual_p99(await stalled) < LIVE_SECONDS + _p99(before)
            await _until_ready(client)
            assert await bob.is_signed_in()
            assert (await bob.refresh()).status_code == 200
    assert "internal_error" not in server.output


@pytest.mark.timeout(120)
async def test_ten_thousand_clients_that_go_away_mix_nobody_up(database: Database) -> None:
    # Every use is written down, so that what is cut short is a write as often as a read.
    with running(database, KEYSTEAD_SESSION_TOUCH_INTERVAL="0") as server:
        async with _people(server) as people:
            is_over = asyncio.Event()
            survivors = [asyncio.create_task(_use(person, is_over)) for person in people]
            begun = time.monotonic()

            await _abort(server, people, ABORTED)

            assert time.monotonic() - begun < ABORTS_SECONDS
            is_over.set()
            assert all(count > 0 for count in await asyncio.gather(*survivors))
            await _until_ready(people[0].client)
            for person in people:
                assert (await person.refresh()).status_code == 200
                _assert_own(person, await person.profile())
        assert server.is_alive()
    assert "internal_error" not in server.output
    # They were gone before they were answered, and not before they had asked.
    assert server.output.count("route=/profile") > ABORTED / 2
    assert len(database.rows("sessions")) == PEOPLE


@asynccontextmanager
async def _people(server: Server) -> AsyncIterator[list[Person]]:
    clients = [server.client() for _ in range(PEOPLE)]
    try:
        yield [await server.person(f"p{n}", client) for n, client in enumerate(clients)]
    finally:
        for client in clients:
            await client.aclose()


async def _use(person: Person, is_over: asyncio.Event) -> int:
    """Ask who one is, again and again. Returns: how often it was told."""
    count = 0
    while not is_over.is_set():
        answer = await person.profile()
        # Every connection that was cut short is thrown away, so there may be none for a while.
        if answer.status_code != 503:
            _assert_own(person, answer)
            count += 1
    return count


def _assert_own(person: Person, answer: httpx.Response) -> None:
    assert answer.status_code == 200, answer.text
    assert answer.json()["user"]["_id"] == person.id
    assert answer.json()["user"]["email"] == person.email


async def _abort(server: Server, people: list[Person], count: int) -> None:
    chance = random.Random(count)
    left = iter(range(count))

    async def go_away_again_and_again() -> None:
        for number in left:
            person = people[number % len(people)]
            request = (
                "GET /profile HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: Bearer {person.access_token}\r\n\r\n"
            )
            with suppress(ConnectionError):
                _, writer = await asyncio.open_connection("127.0.0.1", server.port)
                writer.write(request.encode())
                await asyncio.sleep(chance.uniform(0, LONGEST_PATIENCE_SECONDS))
                writer.transport.abort()

    await asyncio.gather(*(go_away_again_and_again() for _ in range(AT_ONCE)))


async def _timed(asking: Awaitable[httpx.Response]) -> httpx.Response:
    asked = time.monotonic()
    answer = await asking
    assert time.monotonic() - asked < ANSWERED_SECONDS + NOISE_SECONDS
    return answer


async def _pulse(server: Server, for_seconds: float) -> list[float]:
    """Ask whether the process lives, 20 times a second. Returns: how long each answer took, in seconds."""
    took = []
    end = time.monotonic() + for_seconds
    async with server.client() as client:
        while (asked := time.monotonic()) < end:
            assert (await client.get("/livez")).status_code == 200
            took.append(time.monotonic() - asked)
            await asyncio.sleep(0.05)
    return took


def _usual_p99(seconds: list[float]) -> float:
    """Return the median of the p99 of each tenth: a loop that is held up is so in every one of them."""
    size = len(seconds) // 10
    return median(_p99(seconds[n * size : (n + 1) * size]) for n in range(10))


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)]


async def _until_ready(client: httpx.AsyncClient) -> None:
    deadline = time.monotonic() + 20
    while (await client.get("/readyz")).status_code != 200:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
