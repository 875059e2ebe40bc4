"""What is asked: bearer tokens in turn, chains of refresh tokens, sign-ins."""

import json
import re
from collections import deque
from collections.abc import Sequence
from itertools import cycle

from bench.load.http import Answer, request
from bench.processes import BenchFailed

USER_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0"


class Profiles:
    """GET *path* in many sessions, one after the other."""

    def __init__(self, access_tokens: Sequence[str], path: str = "/profile") -> None:
        self._requests = cycle([
            request("GET", path, {"Authorization": f"Bearer {token}"})
            for token in access_tokens
        ])  # fmt: skip

    def next(self) -> bytes:
        return next(self._requests)

    def answered(self, answer: Answer) -> None:
        """Nothing follows from it."""


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


class SignIns:
    """POST /auth/login by many people, each from an address of their own behind a trusted proxy."""

    def __init__(self, emails: Sequence[str], password: str, first_address: int) -> None:
        self._requests = cycle([
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
            for number, email in enumerate(emails, first_address)
        ])  # fmt: skip

    def next(self) -> bytes:
        return next(self._requests)

    def answered(self, answer: Answer) -> None:
        """Nothing follows from it."""
