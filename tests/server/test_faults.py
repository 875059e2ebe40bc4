"""
The wire to the database fails in every way a wire can: nobody is told 401, nothing is lost, it heals.

What is asked meanwhile is answered 503 within seconds, and nobody has to restart anything.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest

from tests.databases import Database
from tests.people import Person
from tests.server.fault_proxy import FaultProxy, fault_proxy
from tests.server.running import Server, running

pytestmark = pytest.mark.only_on(
    "postgres", "mongo", because="there is no wire between the program and a file"
)

ANSWERED_SECONDS = 5
"""A database that does not answer is given up by then."""

NOISE_SECONDS = 4
"""What a machine under load may add to that."""

STALLED_SECONDS = 12
"""Longer than two requests after one another wait."""

OUTAGE_SECONDS = 4
"""Longer than a driver waits for its server to come back before it says so."""

PEOPLE = 6


Serving = Callable[..., AbstractAsyncContextManager[tuple[Server, httpx.AsyncClient]]]


@pytest.fixture
def wire(database: Database) -> Iterator[FaultProxy]:
    port = urlsplit(database.url).port
    assert port is not None
    with fault_proxy(port) as proxy:
        yield proxy


@pytest.fixture
def serving(database: Database, wire: FaultProxy) -> Serving:
    url = urlsplit(database.url)
    credentials, at, _ = url.netloc.rpartition("@")
    options = url.query
    if url.scheme == "mongodb":
        # Told to, the driver would go around the wire, to where the server says that it is.
        options = f"{options}&directConnection=true".lstrip("&")
    through = url._replace(netloc=f"{credentials}{at}127.0.0.1:{wire.port}", query=options)

    @asynccontextmanager
    async def serve(**env: str) -> AsyncIterator[tuple[Server, httpx.AsyncClient]]:
        with running(database, KEYSTEAD_DATABASE_URL=urlunsplit(through), **env) as server:
            async with server.client() as client:
                yield server, client
        assert "internal_error" not in server.output
        assert "Traceback" not in server.output

    return serve


async def test_a_database_that_is_away_at_the_start_is_waited_for(
    serving: Serving, wire: FaultProxy
) -> None:
    wire.refuse()
    async with serving() as (server, client):
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/")).json()["status"] == "degraded"
        _assert_unavailable(await client.get("/readyz"))
        _assert_unavailable(await Person(client, "bob@example.com").register())
        _assert_unavailable(await Person(client, "bob@example.com", access_token="x").profile())

        wire.listen()

        await _until_ready(client)
        bob = await server.person("bob", client)
        assert await bob.is_signed_in()
    assert "store_not_connected" in server.output
    assert "store_connected" in server.output


async def test_an_outage_under_load_signs_nobody_out_and_heals_by_itself(
    serving: Serving, wire: FaultProxy
) -> None:
    async with AsyncExitStack() as clients, serving() as (server, client):
        people = [
            await server.person(f"p{n}", await _enter(clients, server)) for n in range(PEOPLE)
        ]
        seen: list[httpx.Response] = []
        is_over = asyncio.Event()
        using = [asyncio.create_task(_use(person, seen, is_over)) for person in people]
        await asyncio.sleep(0.3)

        for _ in range(2):
            wire.refuse()
            await asyncio.sleep(OUTAGE_SECONDS)
            wire.listen()
            await _until_ready(client)
        wire.cut()
        await asyncio.sleep(0.3)

        is_over.set()
        await asyncio.gather(*using)
        assert {answer.status_code for answer in seen} == {200, 503}
        for answer in seen:
            if answer.status_code == 503:
                _assert_unavailable(answer)
        for person in people:
            assert (await person.refresh()).status_code == 200
            assert await person.is_signed_in()


@pytest.mark.parametrize("retry", ["refuse", "reissue"])
async def test_a_refresh_whose_answer_the_database_never_gave_is_looked_up(
    serving: Serving, wire: FaultProxy, database: Database, retry: str
) -> None:
    async with serving(KEYSTEAD_REFRESH_RETRY=retry) as (server, client):
        bob = await server.person("bob", client)
        wire.lose_answer(await _session_of(bob), _ROTATION)

        answer = await bob.refresh()

        assert wire.lost == 1
        assert answer.status_code == 200
        assert [row["generation"] for row in database.rows("sessions")] == [1]
        assert (await bob.refresh()).status_code == 200
        assert await bob.is_signed_in()


@pytest.mark.parametrize("retry", ["refuse", "reissue"])
async def test_a_refresh_that_got_lost_in_an_outage_works_when_it_comes_again(
    serving: Serving, wire: FaultProxy, database: Database, retry: str
) -> None:
    # The leeway is over by then: nothing but the memory of what got lost tells this from a theft.
    env = {"KEYSTEAD_REFRESH_RETRY": retry, "KEYSTEAD_REFRESH_LEEWAY": "0"}
    async with serving(**env) as (server, client):
        bob = await server.person("bob", client)
        token = bob.refresh_token
        wire.lose_answer(await _session_of(bob), _ROTATION, and_refuse=True)

        _assert_unavailable(await bob.refresh())

        assert wire.lost == 1
        assert bob.refresh_token == token
        wire.listen()
        await _until_ready(client)
        assert (await bob.refresh()).status_code == 200
        assert [row["generation"] for row in database.rows("sessions")] == [1]
        assert (await bob.refresh()).status_code == 200
        assert await bob.is_signed_in()


async def test_a_sign_out_whose_answer_got_lost_can_be_repeated(
    serving: Serving, wire: FaultProxy, database: Database
) -> None:
    # A transaction that breaks off before its commit is not over for a minute; see 0010.
    commit = b"commitTransaction" if database.url.startswith("mongodb") else b""
    async with serving() as (server, client):
        bob = await server.person("bob", client)
        token = bob.refresh_token
        wire.lose_answer(await _session_of(bob), 3, then=commit, and_refuse=True)

        _assert_unavailable(await bob.post("/auth/logout", {}))

        wire.listen()
        await _until_ready(client)
        assert bob.refresh_token == token
        assert (await bob.post("/auth/logout", {})).status_code == 200
        assert not await bob.is_signed_in()


async def test_while_the_database_is_stalled_everything_is_answered_and_afterwards_as_before(
    serving: Serving, wire: FaultProxy
) -> None:
    async with serving() as (server, client):
        bob = await server.person("bob", client)
        pulse = asyncio.create_task(_pulse(server))
        wire.stall()
        stalled = time.monotonic()
        while time.monotonic() - stalled < STALLED_SECONDS:
            asked = [
                bob.profile,
                bob.refresh,
                lambda: client.get("/readyz"),
            ] * 30  # as the client has connections
            for answer in await asyncio.gather(*(_timed(ask) for ask in asked)):
                _assert_unavailable(answer)

        wire.resume()

        await _until_ready(client)
        assert await bob.is_signed_in()
        assert (await bob.refresh()).status_code == 200
        pulse.cancel()
        assert await asyncio.gather(pulse, return_exceptions=True)


async def test_a_slow_wire_is_only_slow(serving: Serving, wire: FaultProxy) -> None:
    async with serving() as (server, client):
        wire.delay_seconds = 0.05

        bob = await server.person("bob", client)

        answers = await asyncio.gather(*(bob.profile() for _ in range(40)))
        assert {answer.status_code for answer in answers} == {200}
        assert (await bob.refresh()).status_code == 200


_ROTATION = 2
"""Of what a refresh asks about a session; the first is its look at the salt."""


async def _enter(clients: AsyncExitStack, server: Server) -> httpx.AsyncClient:
    return await clients.enter_async_context(server.client())


async def _session_of(person: Person) -> bytes:
    answer = await person.profile()
    return str(answer.json()["session"]["sessionId"]).encode()


async def _use(person: Person, seen: list[httpx.Response], is_over: asyncio.Event) -> None:
    while not is_over.is_set():
        for ask in (person.profile, person.refresh):
            seen.append(await _timed(ask))
            await asyncio.sleep(0.01)


async def _timed(ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    asked = time.monotonic()
    answer = await ask()
    assert time.monotonic() - asked < ANSWERED_SECONDS + NOISE_SECONDS
    return answer


async def _pulse(server: Server) -> None:
    async with server.client() as client:
        while True:
            asked = time.monotonic()
            assert (await client.get("/livez")).status_code == 200
            assert time.monotonic() - asked < NOISE_SECONDS
            await asyncio.sleep(0.05)


async def _until_ready(client: httpx.AsyncClient) -> None:
    deadline = time.monotonic() + 20
    while (await client.get("/readyz")).status_code != 200:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


def _assert_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json()["code"] == "store_unavailable"
    assert int(answer.headers["Retry-After"]) > 0
    assert "Set-Cookie" not in answer.headers
