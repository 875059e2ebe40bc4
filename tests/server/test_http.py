"""
Bytes that no browser sends, on a real connection.

In every case: no 500, nothing internal in the log, never an answer to a request hidden in another
one, and the next client is served. (OWASP ASVS 4.2.1, RFC 9112 sections 3.2, 6.3 and 11.2.)
"""

import gzip
from collections.abc import Iterator

import pytest

from tests.databases import Database
from tests.server.raw import Cases, exchange, expected, outcomes
from tests.server.running import Server, running

pytestmark = pytest.mark.only_on("sqlite", because="no database is asked about it")

HOST = b"Host: localhost\r\n"
JSON = b"Content-Type: application/json\r\n"
HIDDEN = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
"""What an attacker would like to be taken for a request of its own."""

LOGIN = b'{"email":"nobody@example.com","password":"not a password of anybody"}'
CHUNKED_LOGIN = b"%x\r\n%b\r\n0\r\n\r\n" % (len(LOGIN), LOGIN)


def get(path: bytes = b"/livez", *headers: bytes, host: bytes = HOST) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\n" + host + b"".join(headers) + b"\r\n"


def post(*headers: bytes, body: bytes = b"") -> bytes:
    return b"POST /auth/login HTTP/1.1\r\n" + HOST + JSON + b"".join(headers) + b"\r\n" + body


@pytest.fixture(scope="module")
def server(database_of_module: Database) -> Iterator[Server]:
    with running(database_of_module) as started:
        yield started


@pytest.fixture(autouse=True)
def _unharmed(server: Server) -> Iterator[None]:
    """Whatever was sent: the server still answers, and nothing went wrong inside."""
    workers = server.workers
    yield
    assert server.is_alive()
    assert server.workers == workers
    assert "internal_error" not in server.output
    assert "Traceback" not in server.output
    assert "panicked" not in server.output


CONTRADICTIONS: Cases = {
    "two lengths": (
        post(b"Content-Length: 0\r\n", b"Content-Length: 42\r\n", body=HIDDEN),
        "400 closed",
    ),
    "a list of lengths": (post(b"Content-Length: 0, 42\r\n", body=HIDDEN), "400 closed"),
    "a length and chunks": (
        post(b"Content-Length: 4\r\n", b"Transfer-Encoding: chunked\r\n", body=CHUNKED_LOGIN)
        + HIDDEN,
        "401 closed",
    ),
    "chunks and a length": (
        post(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 4\r\n", body=b"0\r\n\r\n")
        + HIDDEN,
        "400 closed",
    ),
    "a negative length": (post(b"Content-Length: -1\r\n", body=HIDDEN), "400 closed"),
    "a signed length": (post(b"Content-Length: +42\r\n", body=HIDDEN), "400 closed"),
    "a hexadecimal length": (post(b"Content-Length: 0x2a\r\n", body=HIDDEN), "400 closed"),
    "an endless length": (post(b"Content-Length: %b\r\n" % (b"9" * 40)), "400 closed"),
    "chunks by another name": (post(b"Transfer-Encoding: xchunked\r\n", body=HIDDEN), "400 closed"),
    "chunks, but not last": (
        post(b"Transfer-Encoding: chunked, identity\r\n", body=b"0\r\n\r\n" + HIDDEN),
        "400 closed",
    ),
    "a blank before the colon": (
        post(b"Transfer-Encoding : chunked\r\n", body=b"0\r\n\r\n" + HIDDEN),
        "400 closed",
    ),
    "chunks that are compressed": (
        post(b"Transfer-Encoding: gzip, chunked\r\n", body=b"0\r\n\r\n" + HIDDEN),
        "400 closed",
    ),
    "a chunk of no size": (
        post(b"Transfer-Encoding: chunked\r\n", body=b"ZZ\r\n{}\r\n0\r\n\r\n"),
        "400 closed",
    ),
    "a chunk of an endless size": (
        post(b"Transfer-Encoding: chunked\r\n", body=b"F" * 17 + b"\r\n{}\r\n0\r\n\r\n"),
        "400 closed",
    ),
    "no host": (get(host=b""), "400 closed"),
    "a host with a blank": (get(host=b"Host: a b\r\n"), "400 closed"),
    "two hosts": (get(host=HOST + HOST), "400 closed"),
    "two different hosts": (get(host=HOST + b"Host: example.com\r\n"), "400 closed"),
}


@pytest.mark.requirement(86)
def test_a_request_that_contradicts_itself_is_refused_and_hides_no_other(server: Server) -> None:
    assert outcomes(server, CONTRADICTIONS) == expected(CONTRADICTIONS)


UNCLEAN: Cases = {
    "NUL in the path": (get(b"/live\0z"), "400 closed"),
    "NUL in a header": (get(b"/livez", b"X-Name: a\0b\r\n"), "400 closed"),
    "NUL in a header's name": (get(b"/livez", b"X-\0Name: a\r\n"), "400 closed"),
    "a bare CR in a header": (get(b"/livez", b"X-Name: a\rX-Other: b\r\n"), "400 closed"),
    "a folded header": (get(b"/livez", b"X-Name: a\r\n b\r\n"), "400 closed"),
    "a header without a colon": (get(b"/livez", b"X-Name\r\n"), "400 closed"),
    "junk": (b"\x00\xff\x13\x37 junk\r\n\r\n", "400 closed"),
    "a TLS hello": (bytes.fromhex("16030100c8010000c40303") + b"a" * 190, "400 closed"),
    "HTTP/0.9": (b"GET /livez\r\n\r\n", "400 closed"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", "closed"),
    "bytes over 127 in the path": (get(b"/\xff\xfe"), "400 closed"),
}


@pytest.mark.requirement(86)
def test_bytes_that_are_no_request_are_refused(server: Server) -> None:
    assert outcomes(server, UNCLEAN) == expected(UNCLEAN)


ODD: Cases = {
    "encoded NUL": (get(b"/users/%00"), "401 open"),
    "encoded line break": (get(b"/users/%0d%0aX-Evil:%20yes"), "401 open"),
    "encoded nonsense": (get(b"/users/%ff%zz"), "401 open"),
    "encoded slashes": (get(b"/%2e%2e%2fetc%2fpasswd"), "404 open"),
    "line break in the query": (get(b"/livez?a=%0d%0aX-Evil:%20yes"), "200 open"),
    "bytes over 127 in a header": (get(b"/livez", b"User-Agent: \xff\xfe\r\n"), "200 open"),
    "an unknown method": (get().replace(b"GET", b"BREW"), "405 open"),
    "TRACE": (get().replace(b"GET", b"TRACE"), "405 open"),
    "CONNECT": (b"CONNECT localhost:443 HTTP/1.1\r\n" + HOST + b"\r\n", "404 open"),
    "every resource": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", "404 open"),
    "absolute form": (get(b"http://example.com/livez"), "200 open"),
    "HTTP/1.0": (b"GET /livez HTTP/1.0\r\n" + HOST + b"\r\n", "200 closed"),
    "an upgrade to HTTP/2": (
        get(b"/livez", b"Connection: Upgrade, HTTP2-Settings\r\n", b"Upgrade: h2c\r\n"),
        "200 open",
    ),
    "an upgrade to a socket": (
        get(b"/livez", b"Connection: Upgrade\r\n", b"Upgrade: websocket\r\n"),
        "200 open",
    ),
    "pipelined": (get() + get(b"/nothing") + get(), "200 404 200 open"),
    "pipelined after HEAD": (get().replace(b"GET", b"HEAD") + get(), "200 200 open"),
    "pipelined after a body": (
        post(b"Content-Length: %d\r\n" % len(LOGIN), body=LOGIN) + get(),
        "401 200 open",
    ),
    "a body where none is read": (
        get(b"/livez", b"Content-Length: %d\r\n" % len(HIDDEN)) + HIDDEN,
        "200 open",
    ),
}


def test_odd_requests_get_one_ordinary_answer_each(server: Server) -> None:
    assert outcomes(server, ODD) == expected(ODD)


TOO_LARGE: Cases = {
    "17 KiB in one header": (get(b"/livez", b"X-Name: %b\r\n" % (b"a" * 17_408)), "431 closed"),
    "17 KiB of cookies": (get(b"/profile", b"Cookie: %b\r\n" % (b"a=b; " * 3482)), "431 closed"),
    "1 MiB in one header": (get(b"/livez", b"X-Name: %b\r\n" % (b"a" * 2**20)), "431 closed"),
    "1,000 headers": (get(b"/livez", *[b"X-%d: a\r\n" % n for n in range(1000)]), "431 closed"),
    "a path of 64 KiB": (get(b"/" + b"a" * 2**16), "431 closed"),
}


@pytest.mark.requirement(86)
def test_headers_over_16_kib_are_refused(server: Server) -> None:
    assert outcomes(server, TOO_LARGE) == expected(TOO_LARGE)


def test_line_breaks_in_a_path_reach_no_header_and_no_log_line(server: Server) -> None:
    evil = get(b"/%0d%0aX-Evil:%20yes?%0d%0aX-Evil:%20yes", b"X-Request-ID: a%0d%0aX-Evil\r\n")

    received, _ = exchange(server, evil, closes=False)

    assert received.startswith(b"HTTP/1.1 404 ")
    assert b"evil" not in received.lower()
    assert "evil" not in server.output.lower()


@pytest.mark.requirement(86)
@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"deflate, gzip"])
def test_a_compressed_body_is_refused_unopened(server: Server, encoding: bytes) -> None:
    bomb = gzip.compress(bytes(2**23))
    headers = (b"Content-Encoding: %b\r\n" % encoding, b"Content-Length: %d\r\n" % len(bomb))

    received, _ = exchange(server, post(*headers, body=bomb), closes=False)

    assert received.startswith(b"HTTP/1.1 415 ")
    assert received.count(b"HTTP/1.1 ") == 1
