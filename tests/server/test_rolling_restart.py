"""Two servers on one database are replaced one after the other: whoever asks goes on unnoticed."""

import asyncio
import itertools
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import httpx

from tests.people import Person
from tests.server.running import Server, client_of, running

PEOPLE = 3
DRAIN_SECONDS = 20


class Balancer(httpx.AsyncBaseTransport):
    """What stands in front of several servers, and takes one out before it is stopped."""

    def __init__(self) -> None:
        self.servers: list[Server] = []
        self._turn = itertools.count()
        self._under_way: Counter[int] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        port = self.servers[next(self._turn) % len(self.servers)].port
        self._under_way[port] += 1
        request.url = request.url.copy_with(port=port)
        try:
            async with client_of(port) as client:
                answer = await client.send(request)
        finally:
            self._under_way[port] -= 1
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    async def replace(self, old: Server, new: Server) -> None:
        """Send nothing to *old* any more, and wait for what it has been sent."""
        self.servers = [new if one is old else one for one in self.servers]
        for _ in range(1000):
            if not self._under_way[old.port]:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("a server does not answer")


async def test_servers_are_replaced_one_by_one_under_load(tmp_path: Path) -> None:
    balancer = Balancer()
    with ExitStack() as stack:

        def start() -> Server:
            return stack.enter_context(running(tmp_path))

        def client() -> httpx.AsyncClient:
            return httpx.AsyncClient(transport=balancer, base_url="http://127.0.0.1")

        balancer.servers = [start(), start()]
        people = [Person(client(), f"p{n}@example.com") for n in range(PEOPLE)]
        for person in people:
            assert (await person.register()).status_code == 201
            assert (await person.login()).status_code == 200
        seen: set[int] = set()
        is_over = asyncio.Event()
        using = [asyncio.create_task(_use(person, seen, is_over)) for person in people]

        for old in list(balancer.servers):
            await balancer.replace(old, await asyncio.to_thread(start))
            old.process.terminate()
            assert await asyncio.to_thread(old.process.wait, DRAIN_SECONDS) == 0

        is_over.set()
        await asyncio.gather(*using)
        assert seen == {200}
        for person in people:
            assert (await person.refresh()).status_code == 200
            await person.client.aclose()


async def _use(person: Person, seen: set[int], is_over: asyncio.Event) -> None:
    while not is_over.is_set():
        seen.add((await person.profile()).status_code)
        seen.add((await person.refresh()).status_code)
        await asyncio.sleep(0.02)
