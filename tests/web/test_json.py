"""JSON that two readers could read in two ways, and members of another type than expected."""

import json

import httpx
import pytest

from tests.conftest import Service
from tests.people import PASSWORD, Person
from tests.web.expect import assert_problem

pytestmark = pytest.mark.only_on("sqlite", because="no database is asked about it")

GOOD = b'{"email": "new@example.com", "password": "correct horse battery staple"}'
JSON = {"Content-Type": "application/json"}


async def register(service: Service, body: bytes) -> httpx.Response:
    return await service.client().post("/auth/register", content=body, headers=JSON)


async def has_account(service: Service) -> bool:
    return (await Person(service.client(), "new@example.com", PASSWORD).login()).status_code == 200


MALFORMED = {
    "nothing": b"",
    "white space": b"  ",
    "cut off": GOOD[:-1],
    "followed by more": GOOD + b"x",
    "two objects": GOOD + GOOD,
    "an array": b"[" + GOOD + b"]",
    "a string": b'"bob"',
    "a number": b"1",
    "null": b"null",
    "true": b"true",
    "single quotes": GOOD.replace(b'"', b"'"),
    "a trailing comma": GOOD.replace(b"}", b",}"),
    "a comment": b"/* */" + GOOD,
    "a duplicate member": GOOD.replace(b"{", b'{"email": "eve@example.com", '),
    "a duplicate member, escaped": GOOD.replace(b"{", rb'{"em\u0061il": "eve@example.com", '),
    "a duplicate member inside": GOOD.replace(b"{", b'{"x": [{"a": 1, "a": 1}], '),
    "NaN": GOOD.replace(b"{", b'{"x": NaN, '),
    "Infinity": GOOD.replace(b"{", b'{"x": Infinity, '),
    "-Infinity": GOOD.replace(b"{", b'{"x": [-Infinity], '),
    "NUL in a value": GOOD.replace(b"new@", rb"new\u0000@"),
    "NUL in a password": GOOD.replace(b"correct", rb"\u0000correct"),
    "NUL in a name": GOOD.replace(b"{", rb'{"x\u0000": 1, '),
    "a bare NUL": GOOD.replace(b"new@", b"new\0@"),
    "a control character": GOOD.replace(b"new@", b"new\n@"),
    "a lone surrogate": GOOD.replace(b"correct", rb"\ud800"),
    "a lone surrogate inside": GOOD.replace(b"{", rb'{"x": {"y": ["\udfff"]}, '),
    "a lone surrogate as a name": GOOD.replace(b"{", rb'{"\ud800": 1, '),
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "Latin-1": GOOD.replace(b"new@", b"n\xe9w@"),
    "UTF-16": GOOD.decode().encode("utf-16"),
    "UTF-32": GOOD.decode().encode("utf-32-le"),
    "an overlong sequence": GOOD.replace(b"correct", b"\xc0\xae"),
    "a surrogate in UTF-8": GOOD.replace(b"correct", b"\xed\xa0\x80"),
    "deep arrays": GOOD.replace(b"{", b'{"x": ' + b"[" * 30_000 + b"]" * 30_000 + b", "),
    "deep objects": GOOD.replace(
        b"{", b'{"x": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b", "
    ),
    "an endless number": GOOD.replace(b"{", b'{"x": ' + b"9" * 60_000 + b", "),
}


@pytest.mark.requirement(86)
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
async def test_what_could_be_read_in_two_ways_is_not_read(service: Service, body: bytes) -> None:
    """RFC 8259 sections 4 and 8, RFC 7493 section 2."""
    answer = await register(service, body)

    assert_problem(answer, 400, "json_invalid")
    assert not await has_account(service)


CONFUSED = [
    '{"$ne": null}', '{"$gt": ""}', '["new@example.com"]', "[]", "{}", "1", "0", "1e400",
    "true", "false", "null", '{"toString": "x"}',
]  # fmt: skip


@pytest.mark.parametrize("route", ["/auth/register", "/auth/login"])
async def test_a_member_of_another_type_is_named(service: Service, bob: Person, route: str) -> None:
    """OWASP ASVS 5.0 1.2.4: an operator of a query language never reaches a query."""
    client = service.client()
    for value in CONFUSED:
        for member in ("email", "password"):
            body = json.dumps(bob.credentials | {member: "VALUE"}).replace('"VALUE"', value)

            answer = await client.post(route, content=body, headers=JSON)

            assert_problem(answer, 400, "input_invalid", member)


async def test_a_number_that_is_no_number_of_ours_does_not_matter(service: Service) -> None:
    """1e400 is more than a double holds; where nobody asked for it, it is ignored like the rest."""
    body = GOOD.replace(b"{", b'{"x": 1e400, "y": [-1e-400, 1E+9999], ')

    assert (await register(service, body)).status_code == 201
    assert await has_account(service)
