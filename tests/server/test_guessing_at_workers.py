"""Several processes count together."""

import asyncio
import time

import httpx
import pytest

from tests.databases import Database
from tests.server.running import client_of, running

FREE = 5


@pytest.mark.requirement(22)
async def test_guesses_at_once_at_several_processes_and_servers_are_counted_together(
    database: Database,
) -> None:
    with running(database, "--workers", "2") as one, running(database) as other:
        started = time.monotonic()
        answers = await asyncio.gather(*(guess((one, other)[n % 2].port) for n in range(40)))
        waits = time.monotonic() - started

    statuses = [answer.status_code for answer in answers]
    # One more for each second that this took: after the free ones, a wait of a second begins.
    assert 1 <= statuses.count(401) <= FREE + int(waits)
    assert statuses.count(401) + statuses.count(429) + statuses.count(503) == 40


async def guess(port: int) -> httpx.Response:
    async with client_of(port) as client:
        body = {"email": "bob@example.com", "password": "incorrect horse battery"}
        return await client.post("/auth/login", json=body)
