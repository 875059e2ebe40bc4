"""One of several processes is killed under load, as a lack of memory does it: the others go on, and it comes back."""

import asyncio
import os
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing

import httpx

from keystead.store import is_embedded
from tests.databases import Database
from tests.people import Person
from tests.server.running import Server, eventually, running

CALLERS = 6
LOAD_SECONDS = 0.4
"""Before the kill, and after it."""

LOCK_SECONDS = 1.0
REPLACED_SECONDS = 15.0

REISSUE = {"KEYSTEAD_REFRESH_RETRY": "reissue", "KEYSTEAD_THROTTLE": "off"}
"""Whoever lost an answer with the process may ask for it again."""


class Caller:
    """Refreshes, looks at the profile and signs in elsewhere, and repeats what got no answer."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.answers: Counter[tuple[str, int]] = Counter()
        self.lost = 0

    async def call_until(self, over: asyncio.Event) -> None:
        while not over.is_set():
            await self._ask("refresh")
            await self._ask("profile")

    async def _ask(self, what: str) -> None:
        while True:
            try:
                answer: httpx.Response = await getattr(self.person, what)()
            except httpx.TransportError:
                self.lost += 1
                await asyncio.sleep(0.02)
            else:
                self.answers[what, answer.status_code] += 1
                return


async def test_a_worker_killed_under_load_signs_nobody_out_and_leaves_no_lock(
    database: Database,
) -> None:
    with running(database, "--workers", "2", **REISSUE) as server:
        eventually(lambda: len(server.workers) == 2)
        victim = max(server.workers)
        callers = [Caller(await _person(server, number)) for number in range(CALLERS)]
        over = asyncio.Event()
        calls = [asyncio.create_task(caller.call_until(over)) for caller in callers]
        await asyncio.sleep(LOAD_SECONDS)
        os.kill(victim, signal.SIGKILL)
        await asyncio.sleep(LOAD_SECONDS)
        over.set()
        await asyncio.gather(*calls)

        statuses = {status for caller in callers for _, status in caller.answers}
        assert statuses == {200}, [caller.answers for caller in callers]
        assert sum(caller.lost for caller in callers) > 0
        _nobody_holds_a_lock(database)
        async with server.client() as client:
            assert (await Person(client, "late@example.com").register()).status_code == 201
        began = time.monotonic()
        eventually(lambda: len(server.workers - {victim}) == 2, REPLACED_SECONDS)
        assert time.monotonic() - began < REPLACED_SECONDS
        for caller in callers:
            assert await caller.person.is_signed_in()
            await caller.person.client.aclose()
        assert server.stop() == 0
    assert database.damage() == []


async def _person(server: Server, number: int) -> Person:
    return await server.person(f"caller{number}", server.client())


def _nobody_holds_a_lock(database: Database) -> None:
    # On a server it goes with the connection; the register that follows would wait for one.
    if is_embedded(database.url):
        path = database.folder / "keystead.db"
        with closing(sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
