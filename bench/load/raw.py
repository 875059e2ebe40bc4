"""
A generator of our own: one thread, one request at a time on each of its connections.

For what wrk cannot do (each answer decides the next request) and for machines without wrk. It is
good for about as many requests a second as a bare server; see the README on what that means.
"""

import selectors
import socket
import time
from collections.abc import Sequence

from bench.load.http import Answer, Load, Source, read_answer
from bench.processes import LOOPBACK, BenchFailed

CHUNK_BYTES = 64 * 1024

SILENCE_SECONDS = 30
"""Nothing at all for so long: the server is not slow, it is stuck."""


class Connection:
    """One connection and what is asked on it."""

    def __init__(self, port: int, source: Source) -> None:
        self.socket = socket.create_connection((LOOPBACK, port), timeout=SILENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._source = source
        self._received = b""

    def ask(self) -> None:
        """Send the next request."""
        self._received = b""
        self.socket.sendall(self._source.next())

    def listen(self) -> Answer | None:
        """Take what has come. Returns: the answer, once it is whole."""
        chunk = self.socket.recv(CHUNK_BYTES)
        if not chunk:
            raise BenchFailed(f"the server hung up after {self._received!r}")
        self._received += chunk
        answer = read_answer(self._received)
        if answer is not None:
            self._source.answered(answer)
        return answer


def drive(port: int, sources: Sequence[Source], seconds: float) -> Load:
    """
    Keep a connection busy for each of *sources*.

    The answers still out at the end count, with the time they take: one may need longer than a turn.
    """
    connections = [Connection(port, source) for source in sources]
    try:
        with selectors.DefaultSelector() as selector:
            for connection in connections:
                selector.register(connection.socket, selectors.EVENT_READ, connection)
            return _drive(selector, connections, seconds)
    finally:
        for connection in connections:
            connection.socket.close()


def _drive(selector: selectors.BaseSelector, connections: list[Connection], seconds: float) -> Load:
    answers = 0
    now = started = time.perf_counter()
    for connection in connections:
        connection.ask()
    outstanding = len(connections)
    # A source must see every answer: the token in it may be the only one that is good next time.
    while outstanding:
        for connection in _ready(selector):
            if connection.listen() is None:
                continue
            answers += 1
            now = time.perf_counter()
            if now - started < seconds:
                connection.ask()
            else:
                outstanding -= 1
    return Load(answers, now - started)


def _ready(selector: selectors.BaseSelector) -> list[Connection]:
    events = selector.select(SILENCE_SECONDS)
    if not events:
        raise BenchFailed(f"no answer for {SILENCE_SECONDS} s")
    return [key.data for key, _ in events]
