"""Several workers on one database: whichever answers, what another one changed holds at once."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from keystead.assembly import open_tools
from keystead.domain.user import Role
from keystead.flows.login import login
from keystead.flows.register import register
from keystead.settings import Settings
from tests.conftest import CHEAPEST_ARGON2
from tests.databases import Database, settings_of
from tests.people import COOKIE, PASSWORD, Person
from tests.server.running import Server, eventually, running

EXPIRED = 7
"""Sessions that are over when the server starts."""

ADA = {"email": "ada@example.com", "password": PASSWORD}

Everywhere = list[httpx.AsyncClient]


@pytest.fixture(scope="module")
def server(database_of_module: Database) -> Iterator[Server]:
    """Two workers on a database with an admin and expired sessions."""
    asyncio.run(_prepare(database_of_module))
    with running(database_of_module, "--workers", "2") as started:
        eventually(lambda: len(started.workers) == 2)
        yield started


@pytest.fixture
async def everywhere(server: Server) -> AsyncIterator[Everywhere]:
    """Connections that stay open, some to each worker."""
    async with AsyncExitStack() as stack:
        clients: Everywhere = []
        while len(clients) < 12 or any(_clients(server, worker) < 2 for worker in server.workers):
            client = await stack.enter_async_context(server.client())
            assert (await client.get("/livez")).status_code == 200
            clients.append(client)
            assert len(clients) < 200, "one worker gets no connections"
        yield clients


@pytest.mark.requirement(60)
async def test_signing_out_at_one_worker_holds_at_all(
    server: Server, everywhere: Everywhere
) -> None:
    bob = await server.person("bob", everywhere[0])
    assert await _profiles(everywhere, bob) == {"200 ok"}

    assert (await bob.post("/auth/logout", {})).status_code == 200

    assert await _profiles(everywhere, bob) == {"401 session_ended"}


@pytest.mark.requirement(61)
async def test_a_disabled_account_is_refused_at_all_workers(
    server: Server, everywhere: Everywhere
) -> None:
    ada, eve = await _ada(everywhere[0]), await server.person("eve", everywhere[1])
    token = eve.refresh_token

    assert (await ada.put(f"/users/{eve.id}/status", {"status": "disabled"})).status_code == 200

    assert await _profiles(everywhere, eve) == {"401 session_ended"}
    assert await _refreshes(everywhere, token) == {"401 session_ended": len(everywhere)}


@pytest.mark.requirement(61)
async def test_a_deleted_account_is_refused_at_all_workers(
    server: Server, everywhere: Everywhere
) -> None:
    ada, dan = await _ada(everywhere[0]), await server.person("dan", everywhere[1])
    token = dan.refresh_token

    assert (await ada.delete(f"/users/{dan.id}")).status_code == 200

    assert await _profiles(everywhere, dan) == {"401 session_ended"}
    assert await _refreshes(everywhere, token) == {"401 session_ended": len(everywhere)}


@pytest.mark.requirement(66)
async def test_a_new_role_holds_at_all_workers(server: Server, everywhere: Everywhere) -> None:
    ada, mia = await _ada(everywhere[0]), await server.person("mia", everywhere[1])
    assert await _ask(everywhere, mia, "/users") == {"403 forbidden"}

    assert (await ada.put(f"/users/{mia.id}/admin", {})).status_code == 200
    assert await _ask(everywhere, mia, "/users") == {"200 ok"}

    assert (await ada.put(f"/users/{mia.id}/user", {})).status_code == 200
    assert await _ask(everywhere, mia, "/users") == {"403 forbidden"}


@pytest.mark.requirement(55)
async def test_of_fifty_parallel_refreshes_over_two_workers_one_wins(
    server: Server, everywhere: Everywhere
) -> None:
    pat = await server.person("pat", everywhere[0])
    token = pat.refresh_token
    clients = [everywhere[n % len(everywhere)] for n in range(50)]

    codes = await _refreshes(clients, token)

    assert codes == {"200 ok": 1, "401 refresh_superseded": 49}
    assert await _profiles(everywhere, pat) == {"200 ok"}


async def test_an_ended_session_is_never_answered_again_while_others_go_on(
    server: Server, everywhere: Everywhere
) -> None:
    kept = await server.person("kim", everywhere[0])
    people = [await server.person(f"zoe{n}", everywhere[n]) for n in range(1, 12)]
    tokens = {person.email: person.bearer for person in people}
    over: set[str] = set()
    answers: Counter[str] = Counter()

    async def ask_without_end(client: httpx.AsyncClient) -> None:
        while len(over) < len(people):
            for email, bearer in tokens.items():
                was_over = email in over
                outcome = _outcome(await client.get("/profile", headers=bearer))
                answers[f"{outcome}, over: {was_over}"] += 1

    async def sign_out(people: list[Person]) -> None:
        for person in people:
            assert (await person.post("/auth/logout", {})).status_code == 200
            over.add(person.email)
            assert await _profiles(everywhere[8:], kept) == {"200 ok"}

    await asyncio.gather(*map(ask_without_end, everywhere[:8]), sign_out(people))

    assert answers["200 ok, over: True"] == 0
    assert answers["401 session_ended, over: True"] > len(people)
    assert answers["200 ok, over: False"] > len(people)


def test_what_had_expired_before_the_start_is_removed(
    server: Server, database_of_module: Database
) -> None:
    eventually(lambda: "sessions_purged" in server.output)

    assert re.search(rf"sessions_purged +count={EXPIRED}\b", server.output)
    sessions = database_of_module.rows("sessions")
    assert [session for session in sessions if session["expires_at"] < 1e12] == []


async def _prepare(database: Database) -> None:
    settings = Settings.load(**{**settings_of(database), **CHEAPEST_ARGON2})
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    async with open_tools(settings) as tools:
        await register(tools, ADA["email"], PASSWORD, long_ago, Role.ADMIN)
        for day in range(EXPIRED):
            then = long_ago + timedelta(days=day)
            await login(tools, ADA["email"], PASSWORD, then)


async def _ada(client: httpx.AsyncClient) -> Person:
    ada = Person(client, **ADA)
    assert (await ada.login()).status_code == 200
    return ada


async def _profiles(clients: Everywhere, person: Person) -> set[str]:
    return await _ask(clients, person, "/profile")


async def _ask(clients: Everywhere, person: Person, path: str) -> set[str]:
    answers = [await client.get(path, headers=person.bearer) for client in clients]
    return set(map(_outcome, answers))


async def _refreshes(clients: Everywhere, token: str | None) -> Counter[str]:
    """Present *token* from all *clients* at once."""
    for client in clients:
        client.cookies.clear()
    headers = {"Cookie": f"{COOKIE}={token}"}
    requests = [client.post("/auth/refresh", headers=headers) for client in clients]
    return Counter(map(_outcome, await asyncio.gather(*requests)))


def _outcome(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.json().get('code', 'ok')}"


def _clients(server: Server, worker: int) -> int:
    """How many clients that server process is connected to: the database is none."""
    here = f"0100007F:{server.port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    connections = {f"socket:[{line[9]}]" for line in lines if (line[1], line[3]) == (here, "01")}
    count = 0
    for descriptor in Path(f"/proc/{worker}/fd").iterdir():
        with suppress(FileNotFoundError):
            count += str(descriptor.readlink()) in connections
    return count
