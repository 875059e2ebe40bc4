"""Requests as bytes, answers as bytes, and what a while of them comes to."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bench.processes import BenchFailed

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
END_OF_HEAD = b"\r\n\r\n"
OK, NO_CONTENT = b"200", b"204"

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
    length = LENGTH.search(head)
    if length is None and status != NO_CONTENT:
        raise BenchFailed(f"an answer without a length: {head!r}")
    body = received[end + len(END_OF_HEAD) :]
    if length is not None and len(body) < int(length[1]):
        return None
    answer = Answer(status, head, body)
    if status not in {OK, NO_CONTENT}:
        raise BenchFailed(f"the server refused: {head.decode()}\n{body.decode()}")
    return answer


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that *percent* of *values* do not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]
