"""What is asked: sessions in turn, chains of refresh tokens, sign-ins, sign-ups."""

import json
import re
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count, cycle

from bench.load.http import CONNECTIONS, Answer, Source, request
from bench.processes import BenchFailed

USER_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0"


class Refreshes:
    """POST /auth/refresh in many sessions: each answer has the token for that session's next turn."""

    def __init__(self, refresh_tokens: Sequence[str], cookie: str) -> None:
        self._waiting = deque(refresh_tokens)
        self._cookie = cookie
        self._given = re.compile(
            rb"\r\nset-cookie: " + cookie.encode() + rb"=([^;]+)", re.IGNORECASE
        )

    def next(self) -> bytes:
        self._spent = self._waiting.popleft()
        return request("POST", "/auth/refresh", {"Cookie": f"{self._cookie}={self._spent}"})

    def answered(self, answer: Answer) -> None:
        given = self._given.search(answer.head)
        successor = given[1].decode() if given else ""
        if successor == self._spent:
            raise BenchFailed("a refresh token came back unchanged")
        self._waiting.append(successor or self._spent)  # The bare server gives none.


class Requests:
    """The same requests, one after the other, over and over."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self._requests = cycle(requests)

    def next(self) -> bytes:
        return next(self._requests)

    def answered(self, answer: Answer) -> None:
        """Nothing follows from it."""


def bearers(access_tokens: Sequence[str]) -> list[str]:
    """Return the header that shows each of these tokens."""
    return [f"Authorization: Bearer {token}" for token in access_tokens]


def gets(path: str, headers: Sequence[str]) -> list[bytes]:
    """Write a GET of *path* with each of *headers* (`name: value`)."""
    pairs = [header.split(": ", 1) for header in headers]
    return [request("GET", path, {name: value}) for name, value in pairs]


def sessions_of(path: str, headers: Sequence[str]) -> list[Source]:
    """Send these on as many connections as there are, each its share of them."""
    return shared_out(gets(path, headers), CONNECTIONS)


def shared_out(requests: Sequence[bytes], connections: int) -> list[Source]:
    """Give each connection its share; all of them where there are too few."""
    return [Requests(requests[n::connections] or requests) for n in range(connections)]


def sign_ins(emails: Sequence[str], password: str, connections: int) -> list[Source]:
    """POST /auth/login by many people, each from an address of their own behind a trusted proxy."""
    asked = [
        request(
            "POST",
            "/auth/login",
            {
                "Content-Type": "application/json",
                "User-Agent": USER_AGENT,
                # 198.18.0.0/15 is set aside for benchmarks (RFC 2544).
                "X-Forwarded-For": f"198.18.{number // 250}.{number % 250 + 1}",
            },
            json.dumps({"email": email, "password": password}).encode(),
        )
        for number, email in enumerate(emails)
    ]  # fmt: skip
    return shared_out(asked, connections)


class SignUps:
    """Sign-ups of people who were never there before; *name* keeps those of several sources apart."""

    def __init__(self, write: Callable[[str, str], bytes], name: str, password: str) -> None:
        self._write, self._name, self._password = write, name, password
        self._numbers = count()

    def next(self) -> bytes:
        return self._write(f"{self._name}-{next(self._numbers)}@example.com", self._password)

    def answered(self, answer: Answer) -> None:
        """Nothing follows from it."""


class JsonRefreshes:
    """POST *path* with refresh tokens in JSON: the one in each answer is for that session's next turn."""

    def __init__(self, refresh_tokens: Sequence[str], path: str) -> None:
        self._waiting = deque(refresh_tokens)
        self._path = path

    def next(self) -> bytes:
        self._spent = self._waiting.popleft()
        body = json.dumps({"refresh_token": self._spent}).encode()
        return request("POST", self._path, {"Content-Type": "application/json"}, body)

    def answered(self, answer: Answer) -> None:
        successor = json.loads(answer.body)["data"]["refresh_token"]
        if successor == self._spent:
            raise BenchFailed("a refresh token came back unchanged")
        self._waiting.append(successor)
