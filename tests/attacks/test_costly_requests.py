"""
No part of a request costs more than it should: a search for one that does.

Hypothesis builds texts of what parsers are known to stumble over, and is told what each cost, so that it
goes where it costs more. Every find becomes an example here. (OWASP API4:2023, ASVS 15.2.2; CVE-2026-47138.)

A longer search: FUZZ_EXAMPLES=2000 make test ARGS=tests/attacks/test_costly_requests.py
"""

import asyncio
import gc
import json
import os
from collections.abc import Callable, Iterator
from time import process_time

import pytest
from hypothesis import HealthCheck, example, given, settings, target
from hypothesis import strategies as st

from keystead.app import build
from tests.conftest import Clock, MakeSettings
from tests.people import PASSWORD

pytestmark = [
    pytest.mark.requirement(86),
    pytest.mark.only_on(
        "sqlite", because="what a request costs to read, it costs on every database"
    ),
]

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "10"))
LIMIT_SECONDS = 0.05
"""Of the processor, for one request, with the cheapest hashing."""
TRIES = 5
"""The least of so many counts: what else the machine does only ever adds."""

Headers = list[tuple[bytes, bytes]]
Request = tuple[str, str, bytes, Headers, bytes]
"""Method, path, query, headers, body."""

JSON: Headers = [(b"content-type", b"application/json")]

PIECES = [
    *("a", ".", "@", "-", " ", "\t", ",", ";", "=", "/", "%", "%2e", "[", "]", "{", "}", "(", ")"),
    *(
        '"',
        "\\",
        "\\u0301",
        "xn--",
        "1",
        "0",
        "e9",
        ":",
        "::",
        "::1",
        "127.0.0.1",
        "null",
        "&",
        "+",
    ),
    *(
        "\u0301",
        "\u0323",
        "\u00fc",
        "\u0130",
        "\uff21",
        "\U0001f986",
        "Mozilla/5.0 (",
        "Version/",
        "eyJ",
    ),
    *("ksr_", "refreshToken=", "Bearer ", "Android ", "Chrome/", "http://", "unknown"),
]
BIG = 60_000
"""Bytes: nearly the largest body. A header has at most a quarter of that."""


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A few pieces, each many times in a row, then all of that again."""
    runs = draw(
        st.lists(st.tuples(st.sampled_from(PIECES), st.integers(1, BIG)), min_size=1, max_size=4)
    )
    text = "".join(piece * (times // len(piece.encode()) + 1) for piece, times in runs)
    short = draw(st.integers(1, 40))
    return draw(st.sampled_from([text, (text[:short] * BIG)[:BIG]]))


def header(name: bytes, *, before: str = "") -> Callable[[str], Request]:
    def make(text: str) -> Request:
        value = (before + text).encode()[:15_000].strip()
        return "GET", "/profile", b"", [(name, value)], b""

    return make


def at_sign_in(text: str) -> Request:
    user_agent = (b"user-agent", text.encode()[:15_000])
    return "POST", "/auth/login", b"", [*JSON, user_agent], credentials("bob@example.com", PASSWORD)


def credentials(email: str, password: str) -> bytes:
    return json.dumps({"email": email, "password": password}, ensure_ascii=False).encode()[:65_000]


PARTS: dict[str, Callable[[str], Request]] = {
    "e-mail": lambda text: ("POST", "/auth/login", b"", JSON, credentials(text, PASSWORD)),
    "new e-mail": lambda text: ("POST", "/auth/register", b"", JSON, credentials(text, "x")),
    "domain": lambda text: ("POST", "/auth/login", b"", JSON, credentials("a@" + text, "x")),
    "short e-mail": lambda text: ("POST", "/auth/login", b"", JSON, credentials(text[:254], "x")),
    "password": lambda text: ("POST", "/auth/login", b"", JSON, credentials("a@b.example", text)),
    "user agent": at_sign_in,
    "X-Forwarded-For": header(b"x-forwarded-for"),
    "Authorization": header(b"authorization"),
    "bearer token": header(b"authorization", before="Bearer "),
    "Cookie": lambda text: (
        "POST", "/auth/refresh", b"", [(b"cookie", text.encode()[:15_000])], b"",
    ),
    "refresh token": lambda text: (
        "POST", "/auth/refresh", b"", [(b"cookie", b"refreshToken=" + text.encode()[:15_000])], b"",
    ),
    "Host": header(b"host"),
    "Origin": header(b"origin"),
    "Content-Type": lambda text: (
        "POST", "/auth/login", b"", [(b"content-type", text.encode()[:15_000])], b"{}",
    ),
    "path": lambda text: ("GET", "/" + text[:BIG], b"", [], b""),
    "path of a user": lambda text: ("GET", "/users/" + text[:BIG], b"", [], b""),
    "query": lambda text: ("GET", "/users", text.encode()[:BIG], [], b""),
    "cursor": lambda text: ("GET", "/users", b"cursor=" + text.encode()[:BIG], [], b""),
    "JSON": lambda text: ("POST", "/auth/login", b"", JSON, text.encode()[:65_000]),
    "nested JSON": lambda text: (
        "POST", "/auth/login", b"", JSON, b'{"a":' + text.encode()[:65_000],
    ),
    "many members": lambda text: (
        "POST", "/auth/login", b"", JSON,
        json.dumps({text[:9] + str(n): n for n in range(3000)}).encode()[:65_000],
    ),
}  # fmt: skip

Spend = Callable[[Request], tuple[float, int]]


@pytest.fixture
def spend(make_settings: MakeSettings, clock: Clock) -> Iterator[Spend]:
    """Send a request, and return the seconds of the processor that it took and its status."""
    shell = build(make_settings(trusted_proxies="192.0.2.0/24"), clock)
    with asyncio.Runner() as runner:
        lifespan = shell.app.router.lifespan_context(shell.app)
        runner.run(lifespan.__aenter__())

        async def once(request: Request) -> int:
            method, path, query, headers, body = request
            sent: list[dict[str, object]] = []

            async def receive() -> dict[str, object]:
                return {"type": "http.request", "body": body, "more_body": False}

            async def send(message: dict[str, object]) -> None:
                sent.append(message)

            own = {name for name, _ in headers}
            hosts = [] if b"host" in own else [(b"host", b"localhost")]
            length = [(b"content-length", b"%d" % len(body))] if body else []
            scope = {
                "type": "http", "http_version": "1.1", "method": method, "path": path,
                "query_string": query, "headers": [*hosts, *headers, *length],
                "client": ("192.0.2.1", 50_000),
            }  # fmt: skip
            await shell(scope, receive, send)  # type: ignore[arg-type] # plain dicts are messages
            status = sent[0]["status"]
            assert isinstance(status, int)
            return status

        def measure(request: Request) -> tuple[float, int]:
            least, status = float("inf"), 0
            for _ in range(TRIES):
                started = process_time()
                status = runner.run(once(request))
                least = min(least, process_time() - started)
                if least < LIMIT_SECONDS / 5:
                    break
            return least, status

        yield measure
        runner.run(lifespan.__aexit__(None, None, None))
        gc.collect()


@pytest.mark.parametrize("part", PARTS)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 10,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example("a" + "\u0301" * 15_000 + "\u0323" * 15_000)  # sorting marks into their order is quadratic
@example("Mozilla/5.0 (" * 5000)  # user agents: 0.9 s for 64 kB
@example("[" * 65_000)  # as deep as it is long
@example("a@" + "xn--" * 15_000)
@example("\u0130." * 20_000)
@example("1" * 65_000)  # a number of so many digits
@example("a=1&" * 15_000)
@given(text=texts())
def test_no_text_in_any_part_of_a_request_takes_long(spend: Spend, part: str, text: str) -> None:
    seconds, status = spend(PARTS[part](text))

    target(seconds)
    assert status < 500
    assert seconds < LIMIT_SECONDS
