"""Answers as the load generator reads them: whole or not, with a length or in chunks."""

import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from bench.load.http import Answer, read_answer
from bench.load.raw import drive
from bench.load.sources import JsonRefreshes, Requests, SignUps, sessions_of
from bench.peers.known import post_json
from bench.processes import BenchFailed

WITH_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
IN_CHUNKS = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\nb; name=value\r\n world\r\nend\r\n0\r\n\r\n"
)
SLOW_SECONDS = 0.3


@pytest.mark.parametrize("text", [WITH_LENGTH, IN_CHUNKS])
def test_an_answer_is_there_with_its_last_byte_and_not_before(text: bytes) -> None:
    assert [read_answer(text[:length]) for length in range(len(text))] == [None] * len(text)
    assert read_answer(text) is not None


def test_chunks_are_joined() -> None:
    answer = read_answer(IN_CHUNKS)

    assert answer is not None
    assert answer.body == b"hello world\r\nend"


def test_what_was_created_and_what_is_empty_are_successes() -> None:
    created = read_answer(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
    empty = read_answer(b"HTTP/1.1 204 No Content\r\nServer: any\r\n\r\n")

    assert created is not None
    assert created.status == b"201"
    assert empty is not None
    assert empty.body == b""


@pytest.mark.parametrize("status", [b"302 Found", b"401 Unauthorized", b"429 Too Many", b"500 No"])
def test_anything_else_stops_the_run_and_says_what_came(status: bytes) -> None:
    text = b"HTTP/1.1 " + status + b"\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwhy?\r\n0\r\n\r\n"

    with pytest.raises(BenchFailed, match=r"(?s)refused.*" + status.decode() + r".*why\?"):
        read_answer(text)


def test_an_answer_without_a_length_stops_the_run() -> None:
    with pytest.raises(BenchFailed, match="without a length"):
        read_answer(b"HTTP/1.1 200 OK\r\nServer: any\r\n\r\nhello")


def test_nobody_signs_up_twice() -> None:
    sources = [SignUps(lambda email, _: post_json("/", email=email), name, "any") for name in "ab"]

    asked = [source.next() for source in sources for _ in range(100)]

    assert len(set(asked)) == 200


def test_a_refresh_token_of_an_answer_is_the_next_one_that_is_spent() -> None:
    source = JsonRefreshes(["first"], "/refresh")
    source.next()

    source.answered(Answer(b"200", b"", b'{"data": {"refresh_token": "second"}}'))

    assert b'"second"' in source.next()


def test_a_refresh_token_that_was_not_rotated_stops_the_run() -> None:
    source = JsonRefreshes(["first"], "/refresh")
    source.next()

    with pytest.raises(BenchFailed, match="unchanged"):
        source.answered(Answer(b"200", b"", b'{"data": {"refresh_token": "first"}}'))


def test_every_session_is_asked_for_with_its_own_header() -> None:
    headers = [f"Cookie: session={number}" for number in range(64)]

    asked = {source.next() for source in sessions_of("/me", headers) for _ in range(2)}

    assert len(asked) == 64
    assert all(text.startswith(b"GET /me HTTP/1.1\r\n") for text in asked)


@pytest.fixture
def slow_port() -> Iterator[int]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while self.request.recv(1024):
                time.sleep(SLOW_SECONDS)
                self.request.sendall(WITH_LENGTH)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_what_takes_longer_than_a_turn_counts_with_the_time_it_took(slow_port: int) -> None:
    sources = [Requests([b"GET / HTTP/1.1\r\n\r\n"]) for _ in range(2)]

    load = drive(slow_port, sources, 0.01)

    assert load.answers == 2
    assert load.seconds >= SLOW_SECONDS
