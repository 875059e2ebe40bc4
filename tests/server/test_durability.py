"""
Killing the server while it writes: what it has acknowledged is there, and nothing is in between.

A kill takes the supervisor and the worker at once, as `docker kill` and a lack of memory do.
"""

import asyncio
import random
from contextlib import closing
from dataclasses import dataclass, field

import httpx
import pytest

from keystead.store import is_embedded
from tests.databases import Database, environment_of
from tests.people import Person, refresh_with
from tests.server.running import Server, eventually, free_port, start

KILLS = 13
"""In each of the four tests, together more than 50; `make test` has the time for two."""

KILLS_BESIDE_A_SERVER = 4
"""There what was acknowledged is kept by another process, which is not killed."""

WRITERS = 4
REFRESHES = 3
LONGEST_LOAD_SECONDS = 0.1
"""Before the kill: time for some hundred writes."""


@dataclass
class Acknowledged:
    """What the server has said yes to."""

    emails: set[str] = field(default_factory=set)
    tokens: dict[str, list[str]] = field(default_factory=dict)
    """Of the session of each address, in the order in which they were handed out."""


class Killed:
    """The program on one database, killed and started again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._server: Server | None = None

    async def start(self) -> None:
        env = {**environment_of(self._database), "KEYSTEAD_THROTTLE": "off"}
        self._server = start(self._database.folder, free_port(), **env)
        await asyncio.to_thread(eventually, self._server.is_alive)

    def close(self) -> None:
        if self._server is not None:
            self._server.kill()

    def client(self) -> httpx.AsyncClient:
        assert self._server is not None
        return self._server.client()


@pytest.mark.timeout(180)  # A dozen starts, which take a busy machine most of a minute.
@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(n, marks=pytest.mark.thorough) for n in (2, 3))]
)
async def test_killed_while_it_writes_the_server_loses_nothing_it_acknowledged(
    database: Database, seed: int
) -> None:
    chance = random.Random(seed)
    said = Acknowledged()
    kills = KILLS if is_embedded(database.url) else KILLS_BESIDE_A_SERVER
    with closing(Killed(database)) as server:
        await server.start()
        for life in range(kills):
            last = await _write_until_killed(server, said, life, chance)
            await server.start()
            await _check_tokens(server, said, last)
            _check_rows(database, said)
    assert len(said.emails) > kills * WRITERS
    assert sum(map(len, said.tokens.values())) > kills * WRITERS * REFRESHES


async def _write_until_killed(
    server: Killed, said: Acknowledged, life: int, chance: random.Random
) -> list[str]:
    """Returns: the addresses whose last write the kill may have cut short."""
    # However slow the machine is, so much has been acknowledged in every life.
    done = asyncio.Semaphore(0)
    writers = [
        asyncio.create_task(_write(server, said, f"{life}-{number}", done))
        for number in range(WRITERS)
    ]
    for _ in range(WRITERS + 1):
        await done.acquire()
    await asyncio.sleep(chance.uniform(0, LONGEST_LOAD_SECONDS))
    server.close()
    return await asyncio.gather(*writers)


async def _write(server: Killed, said: Acknowledged, name: str, done: asyncio.Semaphore) -> str:
    """Register, sign in and refresh, noting each yes, until the server is gone."""
    number = 0
    async with server.client() as client:
        while True:
            number += 1
            client.cookies.clear()
            person = Person(client, f"{name}-{number}@example.com")
            try:
                await _live(person, said)
            except httpx.TransportError:
                return person.email
            done.release()


async def _live(person: Person, said: Acknowledged) -> None:
    assert (await person.register()).status_code == 201
    said.emails.add(person.email)
    assert (await person.login()).status_code == 200
    tokens = said.tokens[person.email] = [str(person.refresh_token)]
    for _ in range(REFRESHES):
        assert (await person.refresh()).status_code == 200
        tokens.append(str(person.refresh_token))


async def _check_tokens(server: Killed, said: Acknowledged, last: list[str]) -> None:
    async with server.client() as client:
        for email in set(last) & set(said.tokens):
            newest = await refresh_with(client, said.tokens[email][-1])
            # The last rotation may have been stored without anybody hearing of it.
            assert newest.status_code == 200 or newest.json()["code"] == "refresh_superseded"
        complete = next(e for e in said.tokens if len(said.tokens[e]) == REFRESHES + 1)
        # What was spent stays spent, though it came back from the dead.
        assert (await refresh_with(client, said.tokens.pop(complete)[0])).status_code == 401


def _check_rows(database: Database, said: Acknowledged) -> None:
    assert database.damage() == []
    emails = {user["id"]: user["email"] for user in database.rows("users")}
    sessions = database.rows("sessions")
    assert {session["user_id"] for session in sessions} <= set(emails)
    generations = {emails[session["user_id"]]: session["generation"] for session in sessions}
    assert said.emails <= set(emails.values())
    assert {
        email: (generations.get(email), len(tokens) - 1)
        for email, tokens in said.tokens.items()
        if generations.get(email, -1) < len(tokens) - 1
    } == {}
