"""
What the program answers to more bytes that no browser sends: hosts, origins, framing, line ends.

OWASP ASVS 3.4, 4.1.3, 4.2.1; RFC 9112 sections 2.2, 3.2.2, 5.1 and 6.3; RFC 9110 section 15.5.20.
"""

from collections.abc import Iterator

import pytest

from tests.databases import Database
from tests.server.raw import STATUS, Cases, exchange, expected, outcomes
from tests.server.running import Server, running

pytestmark = pytest.mark.only_on("sqlite", because="no database is asked about it")

HOST = b"Host: localhost\r\n"
JSON = b"Content-Type: application/json\r\n"
HIDDEN = b"GET /profile HTTP/1.1\r\nHost: localhost\r\n\r\n"


def get(*headers: bytes, path: bytes = b"/", host: bytes = HOST) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\n" + host + b"".join(headers) + b"\r\n"


def post(*headers: bytes, body: bytes = b"", host: bytes = HOST) -> bytes:
    return b"POST /auth/login HTTP/1.1\r\n" + host + JSON + b"".join(headers) + b"\r\n" + body


@pytest.fixture(scope="module")
def server(database_of_module: Database) -> Iterator[Server]:
    with running(database_of_module, KEYSTEAD_ALLOWED_ORIGINS="https://app.example.com") as started:
        yield started
        assert "internal_error" not in started.output
        assert "panicked" not in started.output


CHUNKED = b"Transfer-Encoding: chunked\r\n"

SMUGGLED: Cases = {
    "chunks, twice": (post(CHUNKED, CHUNKED, body=b"0\r\n\r\n" + HIDDEN), "400 closed"),
    "chunks, and chunks": (
        post(b"Transfer-Encoding: chunked, chunked\r\n", body=b"0\r\n\r\n" + HIDDEN),
        "400 closed",
    ),
    "chunks after a tab": (
        post(
            b"Transfer-Encoding:\tchunked\r\n", b"Content-Length: 3\r\n", body=b"0\r\n\r\n" + HIDDEN
        ),
        "400 closed",
    ),
    "chunks in a folded line": (
        post(b"Transfer-Encoding:\r\n chunked\r\n", body=b"0\r\n\r\n" + HIDDEN),
        "400 closed",
    ),
    "chunks in quotes": (
        post(b'Transfer-Encoding: "chunked"\r\n', body=b"0\r\n\r\n" + HIDDEN),
        "400 closed",
    ),
    "chunks with a vertical tab": (
        post(b"Transfer-Encoding: \x0bchunked\r\n", body=b"0\r\n\r\n" + HIDDEN),
        "400 closed",
    ),
    "a size with a sign": (post(CHUNKED, body=b"+2\r\n{}\r\n0\r\n\r\n" + HIDDEN), "400 closed"),
    "a size in hexadecimal notation": (
        post(CHUNKED, body=b"0x2\r\n{}\r\n0\r\n\r\n" + HIDDEN),
        "400 closed",
    ),
    "a size ended by LF alone": (post(CHUNKED, body=b"2\n{}\r\n0\r\n\r\n" + HIDDEN), "400 closed"),
    "a chunk that is longer than it says": (
        post(CHUNKED, body=b"2\r\n{}}}\r\n0\r\n\r\n" + HIDDEN),
        "400 closed",
    ),
    "a length with a blank before the colon": (
        post(b"Content-Length : 2\r\n", body=b"{}" + HIDDEN),
        "400 closed",
    ),
    "a length in a folded line": (post(b"Content-Length:\r\n 2\r\n", body=b"{}"), "400 closed"),
    "a blank before the first header": (
        b"GET / HTTP/1.1\r\n X: y\r\n" + HOST + b"\r\n",
        "400 closed",
    ),
}


@pytest.mark.requirement(86)
def test_no_framing_hides_a_request_in_another(server: Server) -> None:
    assert outcomes(server, SMUGGLED) == expected(SMUGGLED)


HOSTS: Cases = {
    "a foreign name": (get(host=b"Host: evil.example\r\n"), "421 closed"),
    "a foreign name in the target": (
        get(path=b"http://evil.example/", host=b"Host: evil.example\r\n"),
        "421 closed",
    ),
    "our name in the target, a foreign one in Host": (
        get(path=b"http://localhost/", host=b"Host: evil.example\r\n"),
        "421 closed",
    ),
    "a forwarded name": (
        get(b"X-Forwarded-Host: localhost\r\n", host=b"Host: evil.example\r\n"),
        "421 closed",
    ),
    "health under a foreign name": (
        get(path=b"/livez", host=b"Host: evil.example\r\n"),
        "200 open",
    ),
    "two origins": (
        post(b"Origin: http://localhost\r\n", b"Origin: https://evil.example\r\n", body=b""),
        "400 closed",
    ),
}


@pytest.mark.requirement(28)
def test_only_our_own_names_are_served(server: Server) -> None:
    assert outcomes(server, HOSTS) == expected(HOSTS)


def test_another_sites_page_is_refused_before_its_body_has_come(server: Server) -> None:
    unfinished = post(b"Sec-Fetch-Site: cross-site\r\n", b"Content-Length: 60000\r\n", body=b"{")

    received, _ = exchange(server, unfinished, closes=False)

    assert received.startswith(b"HTTP/1.1 403 ")


OF_EVERY_STATUS = {
    200: get(),
    204: get(
        b"Origin: https://app.example.com\r\n", b"Access-Control-Request-Method: GET\r\n"
    ).replace(b"GET /", b"OPTIONS /", 1),
    400: post(b"Content-Length: 1\r\n", body=b"x"),
    401: get(path=b"/profile"),
    403: post(b"Sec-Fetch-Site: cross-site\r\n"),
    404: get(path=b"/nowhere"),
    405: get().replace(b"GET", b"TRACE", 1),
    413: post(b"Content-Length: 70000\r\n"),
    415: post(b"Content-Encoding: gzip\r\n", b"Content-Length: 2\r\n", body=b"{}"),
    421: get(host=b"Host: evil.example\r\n"),
    431: get(b"X-Name: %b\r\n" % (b"a" * 17_408)),
}


@pytest.mark.requirement(75, 76)
@pytest.mark.parametrize("status", OF_EVERY_STATUS)
def test_an_answer_of_every_status_has_the_security_headers(server: Server, status: int) -> None:
    received, _ = exchange(server, OF_EVERY_STATUS[status], closes=False)

    assert STATUS.findall(received) == [b"%d" % status]
    lines = received.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
    for header in (
        b"x-content-type-options: nosniff",
        b"x-frame-options: deny",
        b"referrer-policy: no-referrer",
        b"cross-origin-resource-policy: same-origin",
        b"content-security-policy: default-src 'none'; frame-ancestors 'none'",
        b"cache-control: no-store",
        b"vary: origin",
    ):
        assert lines.count(header) == 1, header
    assert not any(line.startswith(b"etag:") for line in lines)


def test_what_the_server_itself_refuses_says_nothing_but_the_status(server: Server) -> None:
    """Before there is a request there is nobody to answer as; docs/operations.md says so."""
    for sent in (b"junk\r\n\r\n", get(b"X-Name\r\n"), get(b"X: %b\r\n" % (b"a" * 2**17))):
        received, is_closed = exchange(server, sent, closes=True)

        head, _, body = received.partition(b"\r\n\r\n")
        assert is_closed
        assert body == b""
        assert {line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:]} <= {
            *(b"connection", b"content-length", b"date")
        }
