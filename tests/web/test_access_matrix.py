"""Who may use which route: one table, and nothing that is not in it (OWASP ASVS 5.0 8.2.1, 8.2.2)."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from keystead.domain.user import Role
from tests.conftest import HOME, Service
from tests.databases import Database, content
from tests.people import COOKIE, Person
from tests.web.calls import KEYS, Caller, caller, stranger

Callers = Callable[[Service, Person, Person], Coroutine[Any, Any, Caller]]


async def anonymous(service: Service, _: Person, bob: Person) -> Caller:
    return await stranger(service, bob)


async def bob_on_himself(_: Service, __: Person, bob: Person) -> Caller:
    return await caller(bob, bob)


async def bob_on_ada(_: Service, ada: Person, bob: Person) -> Caller:
    return await caller(bob, ada)


async def ada_on_bob(_: Service, ada: Person, bob: Person) -> Caller:
    return await caller(ada, bob)


async def disabled_bob(_: Service, ada: Person, bob: Person) -> Caller:
    found = await caller(bob, bob)
    assert (await ada.put(f"/users/{bob.id}/status", {"status": "disabled"})).status_code == 200
    return found


async def garbage(service: Service, _: Person, bob: Person) -> Caller:
    found = await stranger(service, bob)
    found.headers = {"Authorization": "Bearer garbage", "Cookie": f"{COOKIE}=garbage"}
    return found


async def demoted_ada(service: Service, ada: Person, bob: Person) -> Caller:
    found = await caller(ada, bob)
    carl = await service.person("carl", Role.ADMIN)
    assert (await carl.put(f"/users/{ada.id}/user")).status_code == 200
    return found


async def ended_bob(_: Service, ada: Person, bob: Person) -> Caller:
    found = await caller(bob, bob)
    assert (await ada.delete(f"/users/{bob.id}/sessions")).status_code == 200
    return found


CALLERS: tuple[Callers, ...] = (
    anonymous,
    bob_on_himself,
    bob_on_ada,
    ada_on_bob,
    disabled_bob,
    garbage,
)

# Who has lost what they had is like somebody who never had it.
LIKE: dict[Callers, Callers] = {demoted_ada: bob_on_ada, ended_bob: garbage}

# The columns are CALLERS, in that order. Where Bob signs in or refreshes, it is always as Bob.
# fmt: off
STATUS = {
    "GET /":                           (200, 200, 200, 200, 200, 200),
    "GET /livez":                      (200, 200, 200, 200, 200, 200),
    "GET /.well-known/jwks.json":      (200, 200, 200, 200, 200, 200),
    "GET /readyz":                     (200, 200, 200, 200, 200, 200),
    "GET /docs":                       (200, 200, 200, 200, 200, 200),
    "GET /docs/{file}":                (200, 200, 200, 200, 200, 200),
    "GET /openapi.json":               (200, 200, 200, 200, 200, 200),
    "POST /auth/register":             (201, 201, 201, 201, 201, 201),
    "POST /auth/login":                (200, 200, 200, 200, 401, 200),
    "POST /auth/refresh":              (401, 200, 200, 200, 401, 401),
    "POST /auth/logout":               (200, 200, 200, 200, 200, 200),
    "POST /auth/reauthenticate":       (401, 200, 200, 200, 401, 401),
    "GET /auth/verify":                (401, 204, 204, 204, 401, 401),
    "GET /profile":                    (401, 200, 200, 200, 401, 401),
    "GET /sessions":                   (401, 200, 200, 200, 401, 401),
    "DELETE /sessions":                (401, 200, 200, 200, 401, 401),
    "DELETE /sessions/{session_id}":   (401, 200, 404, 404, 401, 401),
    "GET /audit":                      (401, 403, 403, 200, 401, 401),
    "GET /overview":                   (401, 403, 403, 200, 401, 401),
    "GET /account":                    (200, 200, 200, 200, 200, 200),
    "GET /account/{page}":             (200, 200, 200, 200, 200, 200),
    "GET /account/files/{version}/{file}": (200, 200, 200, 200, 200, 200),
    "GET /admin":                      (200, 200, 200, 200, 200, 200),
    "GET /admin/{page}":               (200, 200, 200, 200, 200, 200),
    "GET /admin/users/{id}":           (200, 200, 200, 200, 200, 200),
    "GET /admin/files/{version}/{file}": (200, 200, 200, 200, 200, 200),
    "GET /users":                      (401, 403, 403, 200, 401, 401),
    "GET /users/{user_id}":            (401, 200, 403, 200, 401, 401),
    "DELETE /users/{user_id}":         (401, 200, 403, 200, 401, 401),
    "PUT /users/{user_id}/status":     (401, 403, 403, 200, 401, 401),
    "PUT /users/{user_id}/admin":      (401, 403, 403, 200, 401, 401),
    "PUT /users/{user_id}/{role}":     (401, 403, 403, 200, 401, 401),
    "GET /users/{user_id}/sessions":   (401, 403, 403, 200, 401, 401),
    "DELETE /users/{user_id}/sessions": (401, 403, 403, 200, 401, 401),
}
# fmt: on

REFUSED = 400


def expected(route: str, who: Callers) -> int:
    """Return what *route* must answer to *who*."""
    return STATUS[route][CALLERS.index(LIKE.get(who, who))]


def _reads(route: str) -> bool:
    return route.startswith("GET ")


ALL_CALLERS = (*CALLERS, *LIKE)
WRITERS = [
    (route, who)
    for route in KEYS
    for who in ALL_CALLERS
    if not _reads(route) and expected(route, who) < REFUSED
]


def test_every_route_is_in_the_table_and_nothing_else_is() -> None:
    assert len(set(KEYS)) == len(KEYS)
    assert set(KEYS) == set(STATUS)


@pytest.mark.requirement(78)
def test_the_application_serves_exactly_these_routes(service: Service) -> None:
    served = {
        f"{method} {getattr(route, 'path', route)}"
        for route in service.app.app.routes
        for method in getattr(route, "methods", ())
    }
    assert served == set(STATUS)


@pytest.mark.requirement(78)
@pytest.mark.parametrize("who", ALL_CALLERS, ids=lambda who: who.__name__)
async def test_who_may_not_write_is_told_so_and_writes_nothing(
    who: Callers, service: Service, database: Database, ada: Person, bob: Person
) -> None:
    asking = await who(service, ada, bob)
    before = content(database)

    for route in KEYS:
        if not _reads(route) and expected(route, who) >= REFUSED:
            answer = await asking.ask(route)
            assert answer.status_code == expected(route, who), f"{route}: {answer.text}"
            assert content(database) == before


@pytest.mark.requirement(78)
@pytest.mark.parametrize(("route", "who"), WRITERS, ids=lambda one: getattr(one, "__name__", one))
async def test_who_may_write_can(
    route: str, who: Callers, service: Service, ada: Person, bob: Person
) -> None:
    asking = await who(service, ada, bob)

    answer = await asking.ask(route)

    assert answer.status_code == expected(route, who), answer.text


@pytest.mark.requirement(78)
@pytest.mark.parametrize("who", ALL_CALLERS, ids=lambda who: who.__name__)
async def test_who_may_read_can_and_reading_changes_nothing(
    who: Callers, service: Service, database: Database, ada: Person, bob: Person
) -> None:
    """OWASP ASVS 5.0 3.5.3: safe methods have no effect, whoever uses them."""
    asking = await who(service, ada, bob)
    before = content(database)

    for route in filter(_reads, KEYS):
        answer = await asking.ask(route)
        assert answer.status_code == expected(route, who), f"{route}: {answer.text}"
        head = await asking.ask(route.replace("GET", "HEAD", 1))
        assert head.status_code == expected(route, who)
        assert head.content == b""

    assert content(database) == before


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/account/files/style.css",
        "/profile/",
        "//profile",
        "/Profile",
        "/users/",
        "/auth",
        "/.env",
        "/auth/login/x",
    ],
)
async def test_a_path_that_is_not_in_the_table_is_not_there(path: str, ada: Person) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        answer = await ada.client.request(method, f"{HOME}{path}", headers=ada.bearer)
        assert answer.status_code == 404
