"""The OpenAPI document says what is true: every route, every answer, every refusal."""

import json
import re
from typing import Any

import httpx
import pytest

from tests.conftest import StartService
from tests.people import Person
from tests.web.calls import DOCUMENTED, ROUTES, caller, key
from tests.web.openapi import default_document, misfits, operations, references, resolve

pytestmark = pytest.mark.only_on(
    "sqlite", because="what is documented is the same on every database"
)


@pytest.fixture
def document() -> dict[str, Any]:
    return default_document()


async def test_it_is_served(anybody: httpx.AsyncClient, document: dict[str, Any]) -> None:
    answer = await anybody.get("/openapi.json")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == json.loads(json.dumps(document))


def test_every_route_but_the_documentation_is_in_it(document: dict[str, Any]) -> None:
    assert {route for route, _ in operations(document)} == set(DOCUMENTED)


def test_it_is_an_openapi_31_document(document: dict[str, Any]) -> None:
    """The rules of the OpenAPI Specification 3.1 that a generator of clients relies on."""
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] == "Keystead API"
    assert document["info"]["version"]
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    for reference in references(document):
        assert resolve(document, {"$ref": reference})
    for route, operation in operations(document):
        named = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", route)), route
        assert all(
            each["required"] for each in operation.get("parameters", ()) if each["in"] == "path"
        )
        assert operation["summary"], route
        assert operation["tags"], route
        assert all(response["description"] for response in operation["responses"].values())
        assert all(re.fullmatch("[1-5][0-9][0-9]", status) for status in operation["responses"])
    assert "nullable" not in str(document)  # the word of version 3.0


def test_nothing_of_the_frameworks_own_validation_is_left(document: dict[str, Any]) -> None:
    assert all("422" not in operation["responses"] for _, operation in operations(document))
    assert "ValidationError" not in str(document)


def test_who_needs_which_credential_is_said(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert schemes["bearer"].items() >= {"type": "http", "scheme": "bearer"}.items()
    assert schemes["refreshCookie"].items() >= {
        "type": "apiKey", "in": "cookie", "name": "refreshToken"
    }.items()  # fmt: skip
    security = {route: operation["security"] for route, operation in operations(document)}
    for route in ROUTES:
        if key(route) in DOCUMENTED and route.access.needs_session:
            assert security.pop(key(route)) == [{"bearer": []}]
    assert security.pop("POST /auth/refresh") == [{"refreshCookie": []}]
    assert set(map(str, security.values())) == {"[]"}


async def test_over_https_the_cookie_has_its_other_name(start: StartService) -> None:
    client = (await start(cookie_secure=True)).client()

    schemes = (await client.get("/openapi.json")).json()["components"]["securitySchemes"]

    assert schemes["refreshCookie"]["name"] == "__Host-refreshToken"


def test_every_refusal_has_an_example_that_fits(document: dict[str, Any]) -> None:
    problem = document["components"]["schemas"]["Problem"]
    for route, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) < 400:
                continue
            (media_type, content), *others = response["content"].items()
            assert (media_type, others) == ("application/problem+json", []), route
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert content["examples"], route
            for code, example in content["examples"].items():
                assert misfits(document, problem, example["value"]) == []
                assert example["value"]["code"] == code
                assert example["value"]["status"] == int(status)
                assert f"`{code}`" in response["description"]


@pytest.mark.requirement(24)
async def test_what_a_429_carries_is_documented_where_there_is_one(
    start: StartService, document: dict[str, Any]
) -> None:
    service = await start(throttle_sign_ins=5)
    body = {"email": "nobody@example.com", "password": "a password that is wrong"}
    for _ in range(6):
        answer = await service.client().post("/auth/login", json=body)

    said = {route: each["responses"].get("429") for route, each in operations(document)}

    assert answer.status_code == 429
    limited = {route for route, response in said.items() if response}
    assert limited == {"POST /auth/login", "POST /auth/register", "POST /auth/reauthenticate"}
    for response in (said[route] for route in limited):
        assert response is not None
        assert set(response["headers"]) == {"Retry-After", "RateLimit", "RateLimit-Policy"}
        assert all(name in answer.headers for name in response["headers"])


@pytest.mark.parametrize("route", DOCUMENTED)
async def test_what_is_answered_is_what_is_documented(
    document: dict[str, Any], ada: Person, bob: Person, route: str
) -> None:
    own = route in {"DELETE /sessions/{session_id}", "POST /auth/refresh"}
    asking = await caller(bob, bob) if own else await caller(ada, bob)

    answer = await asking.ask(route)

    assert answer.status_code < 300, answer.text
    described = dict(operations(document))[route]["responses"][str(answer.status_code)]
    if answer.status_code == 204:
        assert "content" not in described
        assert all(name in answer.headers for name in described["headers"])
        return
    schema = described["content"][answer.headers["content-type"]]["schema"]
    assert misfits(document, schema, answer.json()) == []
