"""Stands between a store and its server, and loses an answer: what was asked is done all the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

import pytest

CHUNK = 65_536
DEFAULT_PORT = 27_017


class Proxy:
    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._lost = b""
        self._tasks: set[asyncio.Task[None]] = set()

    def lose_answer_to(self, command: str) -> None:
        """Cut the connection once, when the server has answered *command* and before it is told."""
        self._lost = command.encode()

    @property
    def has_lost(self) -> bool:
        return not self._lost

    async def accept(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        server, ask = await asyncio.open_connection(self._host, self._port)
        is_cut = asyncio.Event()
        forth = asyncio.create_task(self._ask(client, ask, is_cut))
        back = asyncio.create_task(self._answer(server, answer, is_cut))
        self._tasks |= {forth, back}
        await asyncio.wait({forth, back}, return_when=asyncio.FIRST_COMPLETED)
        for task in (forth, back):
            task.cancel()
        await asyncio.wait({forth, back})
        for writer in (ask, answer):
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _ask(
        self, client: asyncio.StreamReader, ask: asyncio.StreamWriter, is_cut: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while chunk := await client.read(CHUNK):
                if self._lost and self._lost in chunk:
                    self._lost = b""
                    is_cut.set()
                ask.write(chunk)
                await ask.drain()

    async def _answer(
        self, server: asyncio.StreamReader, answer: asyncio.StreamWriter, is_cut: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while chunk := await server.read(CHUNK):
                if is_cut.is_set():
                    return
                answer.write(chunk)
                await answer.drain()


@asynccontextmanager
async def between(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """Put one before the server of *url*. Gives: it, and the URL that leads through it."""
    parts = urlsplit(url)
    if parts.scheme != "mongodb" or "," in parts.netloc or "tls" in parts.query.lower():
        pytest.skip("only a single server without TLS can be reached through the proxy")
    proxy = Proxy(parts.hostname or "127.0.0.1", parts.port or DEFAULT_PORT)
    listening = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    # As a member of a replica set the server would name its own address, which leads past the proxy.
    place = parts._replace(netloc=f"{user}127.0.0.1:{port}", query="directConnection=true")
    try:
        yield proxy, urlunsplit(place)
    finally:
        listening.close()
