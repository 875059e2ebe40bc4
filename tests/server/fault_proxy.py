"""
A wire between the program and its database that can be faulty.

It runs in a thread of its own, so that a test can be in the middle of a request when it breaks.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

BLOCK = 2**16
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends a reset."""

PATIENCE_SECONDS = 10

T = TypeVar("T")


class FaultProxy:
    """Passes everything on between its own port of the loopback interface and another one."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.delay_seconds = 0.0
        """Before each piece is passed on, in either direction."""
        self.lost = 0
        """Answers that were kept back so far."""
        self._target = target
        self._server: asyncio.Server | None = None
        self._wires: set[_Wire] = set()
        self._passing: set[asyncio.Future[Any]] = set()
        self._may_pass = asyncio.Event()
        self._mark = b""
        self._awaited = 0
        self._then = b""
        self._is_last = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._run(self._start())

    def stop(self) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self._loop.close()

    def refuse(self) -> None:
        """Break every connection with a reset, and refuse new ones."""
        self._run(self._refuse())

    def listen(self) -> None:
        """Take connections again."""
        self._run(self._listen())

    def cut(self) -> None:
        """Break every connection with a reset; new ones are taken."""
        self._run(self._cut())

    def stall(self) -> None:
        """Keep connections open, take new ones, and pass nothing on, as if the cable were pulled."""
        self._loop.call_soon_threadsafe(self._may_pass.clear)

    def resume(self) -> None:
        """Pass on what has gathered, and all that follows."""
        self._loop.call_soon_threadsafe(self._may_pass.set)

    def lose_answer(
        self, mark: bytes, number: int, *, then: bytes = b"", and_refuse: bool = False
    ) -> None:
        """
        Break the connection once: when the target has answered what asked about *mark*.

        What was asked is passed on, so the target has done it. *number* 1 is the next such question.
        *then*: not that answer is lost, but the next one to a question with this in it.
        *and_refuse*: take no connection from then on.
        """
        self._mark, self._awaited, self._then = mark, number, then
        self._is_last = and_refuse

    async def _start(self) -> None:
        self._may_pass.set()
        await self._listen()

    async def _stop(self) -> None:
        self._may_pass.set()
        await self._refuse()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._cut()

    async def _cut(self) -> None:
        for wire in list(self._wires):
            wire.cut()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = _Wire(writer)
        self._wires.add(wire)
        try:
            there = await asyncio.open_connection("127.0.0.1", self._target)
            wire.add(there[1])
            # Whichever side closes first ends both.
            passing: set[asyncio.Future[Any]] = {
                asyncio.create_task(self._pass_questions(reader, there[1], wire)),
                asyncio.create_task(self._pass_answers(there[0], writer, wire)),
            }
            self._passing |= passing
            await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
            for task in passing:
                task.cancel()
            await asyncio.gather(*passing, return_exceptions=True)
            self._passing -= passing
        except OSError:
            wire.cut()
        finally:
            wire.close()
            self._wires.discard(wire)

    async def _pass_questions(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wire: "_Wire"
    ) -> None:
        while piece := await self._next(reader):
            if self._awaited and self._mark in piece:
                self._awaited -= 1
                if self._awaited == 0 and self._then:
                    self._mark, self._awaited, self._then = self._then, 1, b""
                wire.is_doomed = self._awaited == 0
            writer.write(piece)
            await writer.drain()

    async def _pass_answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wire: "_Wire"
    ) -> None:
        while piece := await self._next(reader):
            if wire.is_doomed:
                self.lost += 1
                wire.cut()
                if self._is_last:
                    await self._refuse()
                return
            writer.write(piece)
            await writer.drain()

    async def _next(self, reader: asyncio.StreamReader) -> bytes:
        with suppress(OSError):
            piece = await reader.read(BLOCK)
            if self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            await self._may_pass.wait()
            return piece
        return b""

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)


class _Wire:
    """Both halves of one connection."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.is_doomed = False
        self._writers = [writer]

    def add(self, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)

    def cut(self) -> None:
        for writer in self._writers:
            with suppress(OSError):
                end: socket.socket = writer.get_extra_info("socket")
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


@contextmanager
def fault_proxy(target: int) -> Iterator[FaultProxy]:
    """A wire to the *target* port, without faults so far."""
    proxy = FaultProxy(target)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
