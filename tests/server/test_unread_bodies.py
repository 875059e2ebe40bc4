"""
A body that nobody wants: whoever sends it gets the whole answer, and keeps nobody waiting with it.

RFC 9112 section 9.6: a connection that is closed with something unread is reset, and what the client
has not read yet of its answer may be gone.
"""

import time
from collections.abc import Iterator

import pytest

from tests.databases import Database
from tests.server.raw import STATUS, connect
from tests.server.running import Server, running

pytestmark = pytest.mark.only_on("sqlite", because="no database is asked about it")

BODY = b'{"password": "abcd"}'
LATE_SECONDS = 0.005
"""By then the answer is on its way: without precautions two of three were cut."""


@pytest.fixture(scope="module")
def server(database_of_module: Database) -> Iterator[Server]:
    with running(database_of_module) as started:
        yield started


def head(method: str, path: str, length: int = len(BODY)) -> bytes:
    lines = (f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {length}")
    return "\r\n".join([*lines, "Content-Type: application/json", "", ""]).encode()


def with_late_body(server: Server, request: bytes) -> bytes:
    """Return all that is answered to the request and to another one on the same connection."""
    last = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    received = bytearray()
    with connect(server) as connection:
        connection.sendall(request)
        time.sleep(LATE_SECONDS)
        connection.sendall(BODY + last)
        while block := connection.recv(65_536):
            received += block
    return bytes(received)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/openapi.json", b"200"),
        ("POST", "/profile", b"405"),
        ("DELETE", "/sessions", b"401"),
    ],
)
def test_an_answer_is_whole_though_a_body_comes_late(
    server: Server, method: str, path: str, status: bytes
) -> None:
    for _ in range(20):
        received = with_late_body(server, head(method, path))

        assert STATUS.findall(received) == [status, b"200"]


def test_who_announces_a_body_and_sends_none_is_answered_all_the_same(server: Server) -> None:
    with connect(server) as connection:
        started = time.monotonic()
        connection.sendall(head("DELETE", "/sessions"))
        received = connection.recv(65_536)
        took = time.monotonic() - started

    assert STATUS.findall(received) == [b"401"]
    assert took < 5


def test_a_body_that_is_too_large_is_not_taken_though_nobody_wants_it(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(head("DELETE", "/sessions", length=10**9))
        received = connection.recv(65_536)
        assert STATUS.findall(received) == [b"401"]
        with pytest.raises(ConnectionError):
            connection.sendall(bytes(64 * 1024**2))
