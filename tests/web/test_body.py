"""What a request's body may be: JSON, small, and read in exactly one way."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.conftest import Service
from tests.people import PASSWORD, Person
from tests.web.expect import assert_problem

pytestmark = pytest.mark.only_on("sqlite", because="no database is asked about it")

GOOD = b'{"email": "new@example.com", "password": "correct horse battery staple"}'
MAX_BYTES = 64 * 1024
JSON = "application/json"


async def register(
    client: httpx.AsyncClient, body: bytes | AsyncIterator[bytes], **headers: str
) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post("/auth/register", content=body, headers=given)


async def has_account(service: Service) -> bool:
    return (await Person(service.client(), "new@example.com", PASSWORD).login()).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        JSON,
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "Application/JSON",
        " application/json ",
    ],
)
async def test_json_is_read(service: Service, content_type: str) -> None:
    answer = await register(service.client(), GOOD, Content_Type=content_type)

    assert answer.status_code == 201
    assert await has_account(service)


NOT_JSON = [
    "", "text/plain", "text/json", "application/x-www-form-urlencoded", "application/xml",
    "multipart/form-data; boundary=x", "application/octet-stream", "application/jsonp",
    "application/json, text/plain", "text/plain; application/json", "application/problem+json",
    "application/json; charset=latin-1", "application/json; charset=utf-16", "*/*",
]  # fmt: skip


@pytest.mark.requirement(71, 85)
@pytest.mark.parametrize("route", ["/auth/register", "/auth/refresh", "/auth/logout"])
async def test_nothing_but_json_is_read(service: Service, bob: Person, route: str) -> None:
    """A form of another site can send text/plain, and cannot send JSON (OWASP ASVS 5.0 3.5.2)."""
    every_kind = [{"Content-Type": content_type} for content_type in NOT_JSON]

    for headers in ({}, *every_kind):
        answer = await bob.client.post(route, content=GOOD, headers=headers)
        assert_problem(answer, 415, "media_type_unsupported")

    assert not await has_account(service)
    assert (await bob.refresh()).status_code == 200  # neither spent nor signed out


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "GZIP", "identity, gzip", "x"])
async def test_a_compressed_body_is_refused(service: Service, encoding: str) -> None:
    """A few compressed bytes could be gigabytes."""
    answer = await register(
        service.client(), gzip.compress(GOOD), Content_Type=JSON, Content_Encoding=encoding
    )

    assert_problem(answer, 415, "media_type_unsupported")


async def test_an_identity_encoding_changes_nothing(service: Service) -> None:
    answer = await register(service.client(), GOOD, Content_Type=JSON, Content_Encoding="identity")

    assert answer.status_code == 201


@pytest.mark.requirement(86)
async def test_a_body_has_up_to_64_kib(service: Service) -> None:
    exact, over = GOOD.ljust(MAX_BYTES), GOOD.ljust(MAX_BYTES + 1)

    answer = await register(service.client(), over, Content_Type=JSON)
    assert_problem(answer, 413, "body_too_large")
    assert not await has_account(service)

    assert (await register(service.client(), exact, Content_Type=JSON)).status_code == 201


@pytest.mark.parametrize("declared", ["65537", "9" * 5000, "-1", "+1", "1_0", "0x1"])
async def test_a_declared_length_is_enough_to_refuse(service: Service, declared: str) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 1024

    answer = await register(service.client(), body(), Content_Type=JSON, Content_Length=declared)

    assert_problem(answer, 413, "body_too_large")
    assert answer.headers["connection"] == "close"
    assert sent == 0


@pytest.mark.parametrize(
    "route", ["/auth/register", "/auth/login", "/auth/refresh", "/auth/logout"]
)
async def test_an_endless_body_is_not_read_to_its_end(service: Service, route: str) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 1024

    answer = await service.client().post(route, content=body(), headers={"Content-Type": JSON})

    assert_problem(answer, 413, "body_too_large")
    assert sent == MAX_BYTES // 1024 + 1


async def test_a_body_in_pieces_is_put_together(service: Service) -> None:
    async def body() -> AsyncIterator[bytes]:
        for byte in GOOD:
            yield bytes([byte])

    assert (await register(service.client(), body(), Content_Type=JSON)).status_code == 201
    assert await has_account(service)


@pytest.mark.requirement(86)
async def test_a_body_that_never_comes_is_not_waited_for(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keystead.web.body.DEADLINE_SECONDS", 0)

    async def body() -> AsyncIterator[bytes]:
        yield GOOD[:10]
        await asyncio.Event().wait()

    answer = await register(service.client(), body(), Content_Type=JSON)

    assert_problem(answer, 408, "body_timeout")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("body", [None, b"{}", b"", b" { } "])
async def test_routes_without_input_take_an_empty_object_or_nothing(
    ada: Person, bob: Person, body: bytes | None
) -> None:
    headers = {"Content-Type": JSON} | ada.bearer

    role = await ada.client.put(f"/users/{bob.id}/admin", content=body, headers=headers)
    refreshed = await bob.client.post("/auth/refresh", content=body, headers={"Content-Type": JSON})
    logout = await bob.client.post("/auth/logout", content=body, headers={"Content-Type": JSON})

    assert (role.status_code, refreshed.status_code, logout.status_code) == (200, 200, 200)
    assert not await bob.is_signed_in()
