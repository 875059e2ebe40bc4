"""Bodies without end, whole, in pieces or zipped: refused at their beginning, without the memory for them."""

import gzip
import select
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import repeat

import pytest

from tests.databases import Database
from tests.server.raw import connect
from tests.server.running import Server, running

pytestmark = pytest.mark.requirement(86)

GIB = 2**30
BLOCK = bytes(2**16)
SMALL = b"400\r\n" + bytes(0x400) + b"\r\n"
BUFFERED = GIB / 32
"""What fits into the buffers of two sockets, and more."""
GROWTH_MIB = 16

PIECE = 2**24
BOMB = gzip.compress(bytes(PIECE)) * (GIB // PIECE)
"""A gigabyte of nothing, as a megabyte."""


@pytest.fixture(scope="module")
def server(database_of_module: Database) -> Iterator[Server]:
    with running(database_of_module) as started:
        yield started
        assert "internal_error" not in started.output
        assert "Traceback" not in started.output


def head(*headers: str) -> bytes:
    lines = ["POST /auth/login HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    return "\r\n".join([*lines, *headers, "", ""]).encode()


CHUNKED = head("Transfer-Encoding: chunked")


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        pytest.param(CHUNKED + b"%x\r\n" % GIB, BLOCK, id="one chunk"),
        pytest.param(CHUNKED, SMALL, id="a million chunks"),
        pytest.param(head(f"Content-Length: {GIB}"), BLOCK, id="as announced"),
    ],
)
def test_a_body_of_a_gigabyte_is_refused_at_its_beginning(
    server: Server, start: bytes, piece: bytes
) -> None:
    before = server.peak_mib

    received, sent = upload(server, start, repeat(piece, GIB // len(piece)))

    assert received.startswith(b"HTTP/1.1 413 ")
    assert received.count(b"HTTP/1.1 ") == 1
    assert sent < BUFFERED
    assert server.peak_mib - before < GROWTH_MIB
    assert server.is_alive()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param(["Content-Encoding: gzip", "Transfer-Encoding: chunked"], b"415", id="pieces"),
        pytest.param(
            ["Content-Encoding: gzip", f"Content-Length: {len(BOMB)}"], b"415", id="whole"
        ),
        pytest.param(["Transfer-Encoding: gzip, chunked"], b"400", id="as a transfer coding"),
    ],
)
def test_a_zipped_gigabyte_is_refused_unopened(
    server: Server, headers: list[str], status: bytes
) -> None:
    before = server.peak_mib
    is_chunked = "chunked" in headers[-1]
    body = [b"%x\r\n" % len(BOMB), BOMB, b"\r\n0\r\n\r\n"] if is_chunked else [BOMB]

    received, _ = upload(server, head(*headers), body)

    assert received.startswith(b"HTTP/1.1 %b " % status)
    assert received.count(b"HTTP/1.1 ") == 1
    assert server.peak_mib - before < GROWTH_MIB
    assert server.is_alive()


def upload(server: Server, start: bytes, pieces: Iterable[bytes]) -> tuple[bytes, int]:
    """Send *pieces* after *start* until there is an answer. Returns: it, and the bytes sent."""
    sent = 0
    received = bytearray()
    with connect(server) as connection:
        with suppress(ConnectionError):  # It is refused, and closed, while it is being sent.
            connection.sendall(start)
            for piece in pieces:
                if select.select([connection], [], [], 0)[0]:
                    break
                connection.sendall(piece)
                sent += len(piece)
        with suppress(ConnectionError):
            while block := connection.recv(65_536):
                received += block
                if not select.select([connection], [], [], 1)[0]:
                    break  # Answered, and open: the body was not too long to take.
    return bytes(received), sent
