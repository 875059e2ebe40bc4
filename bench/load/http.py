"""Requests as bytes, answers as bytes, and what a while of them comes to."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bench.processes import BenchFailed

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
END_OF_HEAD = b"\r\n\r\n"
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
OK, CREATED, NO_CONTENT = b"200", b"201", b"204"

CONNECTIONS = 32
"""Enough to keep one core busy, few enough that none waits long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    status: bytes
    head: bytes
    body: bytes


class Source(Protocol):
    """What one connection asks, one question after the answer to the last."""

    def next(self) -> bytes:
        """Return the next request, whole."""

    def answered(self, answer: Answer) -> None:
        """Take the answer to it."""


@dataclass(frozen=True, slots=True)
class Load:
    """What was answered in how many seconds."""

    answers: int
    seconds: float

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Write a request of HTTP/1.1 for a connection that stays open."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if method != "GET":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + END_OF_HEAD + body


def read_answer(received: bytes) -> Answer | None:
    """
    Return the answer that *received* holds, or None while it is not whole.

    Raises: BenchFailed: it is no success, or does not say how long it is.
    """
    end = received.find(END_OF_HEAD)
    if end < 0:
        return None
    head = received[:end]
    status = received[9:12]
    body = _body(status, head, received[end + len(END_OF_HEAD) :])
    if body is None:
        return None
    if status not in {OK, CREATED, NO_CONTENT}:
        raise BenchFailed(f"the server refused: {head.decode()}\n{body.decode()}")
    return Answer(status, head, body)


def _body(status: bytes, head: bytes, received: bytes) -> bytes | None:
    length = LENGTH.search(head)
    if length is not None:
        return None if len(received) < int(length[1]) else received
    if CHUNKED.search(head):
        return _joined(received)
    if status == NO_CONTENT:
        return b""
    raise BenchFailed(f"an answer without a length: {head!r}")


def _joined(received: bytes) -> bytes | None:
    """Join the chunks of RFC 9112 section 7.1, which has nothing after the last one here."""
    body = b""
    while True:
        size, line_end, rest = received.partition(b"\r\n")
        if not line_end:
            return None
        length = int(size.partition(b";")[0], 16)
        if len(rest) < length + 2:
            return None
        if not length:
            return body
        body, received = body + rest[:length], rest[length + 2 :]


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that *percent* of *values* do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]
