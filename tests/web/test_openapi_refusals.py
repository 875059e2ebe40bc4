"""No route refuses anything in a way that its documentation does not mention."""

from itertools import product
from typing import Any

import httpx
import pytest

from tests.conftest import Clock, Service
from tests.databases import Database
from tests.people import PASSWORD, Person, refresh_with
from tests.web.calls import DOCUMENTED, ROUTES, caller, key, session_of
from tests.web.openapi import codes, default_document, operations

pytestmark = pytest.mark.only_on(
    "sqlite", because="what is documented is the same on every database"
)

JSON = {"Content-Type": "application/json"}
DOCUMENTED_CODES = {route: codes(operation) for route, operation in operations(default_document())}
ACCESS = {key(route): route.access for route in ROUTES}

Codes = set[tuple[int, str]]

SOMEBODY = "nobody@example.com"
UNREADABLE: list[dict[str, Any]] = [
    {"content": b"{}", "headers": {"Content-Type": "text/plain"}},
    {"content": b" " * 70_000, "headers": JSON},
]
BODIES: list[dict[str, Any]] = [
    {},
    {"content": b"[]", "headers": JSON},
    {"json": {"status": "disabled", "email": 1, "password": 1}},
    {"json": {"status": "gone", "email": "no address", "password": PASSWORD}},
    *(
        {"json": {"status": "disabled", "email": "bob@example.com", "password": password}}
        for password in ("short", "x" * 5000, "password123", "bob@example.com", PASSWORD)
    ),
    {"json": {"email": SOMEBODY, "password": PASSWORD}},
]
QUERIES = ["", "?x=1", "?limit=1&limit=2", "?limit=0", "?cursor=x"]


@pytest.fixture
async def holders(service: Service, clock: Clock, ada: Person, bob: Person) -> list[dict[str, str]]:
    """What callers of every kind send, the last of them an admin."""
    await service.person("carol")
    expired = ada.bearer
    clock.advance(minutes=5)
    ended = await service.again(ada)
    await ended.client.post("/auth/logout")
    await ada.refresh()
    await bob.refresh()
    return [{}, {"Authorization": "Bearer x"}, expired, ended.bearer, bob.bearer, ada.bearer]


async def provoke(
    client: httpx.AsyncClient, route: str, holders: list[dict[str, str]], last_admin: Person
) -> Codes:
    """Send whatever may be refused to *route*, and return every refusal."""
    method, _, template = route.partition(" ")
    paths = [
        template.format(user_id=who, session_id="x", role=role)
        for who, role in (("x", "admin"), ("x", "emperor"), (last_admin.id, "user"))
    ]
    requests = [
        ({}, paths[0], {"headers": [("Host", "a"), ("Host", "b")]}),
        ({}, paths[0], {"headers": {"Host": "evil.example"}}),
        ({}, paths[0], {"headers": {"Sec-Fetch-Site": "cross-site"}}),
        ({}, paths[0], {"headers": {"X-Long": "x" * 17_000}}),
        ({"Cookie": "refreshToken=x"}, paths[0], {}),
        # What succeeds may end the caller's session; so first what cannot.
        *((holders[-1], paths[0], body) for body in UNREADABLE),
        *((headers, paths[0], {}) for headers in holders),
        *((holders[-1], path + query, {}) for path, query in product(paths[:2], QUERIES)),
        *((holders[-1], path, body) for path, body in product(paths[:2], BODIES)),
        *((holders[-1], paths[2], body) for body in BODIES),
    ]
    found: Codes = set()
    for headers, path, options in requests:
        sent = {**options, "headers": options.get("headers") or {}}
        if isinstance(sent["headers"], dict):
            sent["headers"] = headers | sent["headers"]
        answer = await client.request(method, path, **sent)
        if answer.status_code >= 400:
            found.add((answer.status_code, answer.json()["code"]))
    return found


def certain(route: str) -> Codes:
    """Return the refusals that `provoke` cannot have missed."""
    found: Codes = {(400, "request_malformed"), (431, "headers_too_large")}
    if route not in {"GET /livez", "GET /readyz"}:
        found.add((421, "host_not_served"))
    if not route.startswith("GET"):
        found |= {(403, "cross_site"), (413, "body_too_large"), (415, "media_type_unsupported")}
    if ACCESS[route].needs_session:
        reasons = ("token_missing", "token_invalid", "token_expired", "session_ended")
        found |= {(401, reason) for reason in reasons}
    if ACCESS[route].permission is not None:
        found.add((403, "forbidden"))
    return found


@pytest.mark.requirement(87)
@pytest.mark.parametrize("route", DOCUMENTED)
async def test_whatever_is_refused_is_documented(
    service: Service, ada: Person, route: str, holders: list[dict[str, str]]
) -> None:
    found = await provoke(service.client(), route, holders, ada)

    assert found >= certain(route)
    assert DOCUMENTED_CODES[route] >= found


async def test_an_outage_is_documented(database: Database, ada: Person, bob: Person) -> None:
    asking = await caller(ada, bob)

    with database.broken():
        answers = {route: await asking.ask(route) for route in DOCUMENTED}

    for route, answer in answers.items():
        documented = DOCUMENTED_CODES[route]
        assert answer.status_code == 200 or (503, answer.json()["code"]) in documented, route
        assert (500, "internal_error") in documented, route


async def test_every_end_of_a_refresh_token_is_documented(
    service: Service, clock: Clock, bob: Person
) -> None:
    old, client = bob.refresh_token, service.client()
    await bob.refresh()

    found = {(await refresh_with(client, token)).json()["code"] for token in (old, "x")}
    found.add((await client.post("/auth/refresh")).json()["code"])
    clock.advance(minutes=1)
    found |= {(await refresh_with(client, old)).json()["code"] for _ in range(2)}

    assert found == {
        "refresh_missing",
        "refresh_invalid",
        "refresh_superseded",
        "refresh_reused",
        "session_ended",
    }
    assert DOCUMENTED_CODES["POST /auth/refresh"] >= {(401, code) for code in found}


async def test_every_conflict_is_documented(ada: Person, bob: Person) -> None:
    session = await session_of(bob)

    refused = {
        "POST /auth/register": await bob.register(),
        "POST /auth/login": await bob.post("/auth/login", bob.credentials | {"password": "x"}),
        "DELETE /sessions/{session_id}": await ada.delete(f"/sessions/{session}"),
        "PUT /users/{user_id}/status": await ada.put(
            f"/users/{ada.id}/status", {"status": "disabled"}
        ),
        "PUT /users/{user_id}/{role}": await ada.put(f"/users/{ada.id}/user"),
        "DELETE /users/{user_id}": await ada.delete(f"/users/{ada.id}"),
    }

    found = [(answer.status_code, answer.json()["code"]) for answer in refused.values()]
    assert found == [
        (409, "email_taken"),
        (401, "invalid_credentials"),
        (404, "session_not_found"),
        *[(409, "last_admin")] * 3,
    ]
    for route, refusal in zip(refused, found, strict=True):
        assert refusal in DOCUMENTED_CODES[route]
