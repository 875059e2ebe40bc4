"""
Routes that forgot to ask who is there, and paths around those that did (OWASP ASVS 8.2.1; API5:2023).

What is open to anybody is written down here once more: a route that nobody put on the list must
refuse.
"""

import re

import httpx
import pytest

from tests.attacks.test_unsafe_safe_methods import fill
from tests.conftest import Service
from tests.databases import Database, content
from tests.people import Person

OPEN = {
    ("GET", "/"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/.well-known/jwks.json"),
    ("POST", "/auth/logout"),
}
"""What answers 200 without any credentials."""

PAGES = re.compile(r"/(account|admin)(/|$)")
"""Files, the same for everybody; tests/web/test_pages.py looks at them."""

METHODS = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
]


@pytest.mark.requirement(78)
async def test_without_credentials_every_route_but_the_open_ones_refuses(
    service: Service, anybody: httpx.AsyncClient, bob: Person, database: Database
) -> None:
    before = content(database)
    routes = service.app.app.router.routes
    paths = {path for route in routes for path in fill(route, bob.id, bob.id)}
    succeeded = set()

    for path in paths:
        for method in METHODS:
            answer = await anybody.request(method, path)
            assert answer.status_code in {200, 400, 401, 404, 405, 415}
            if PAGES.match(path):
                assert "bob" not in answer.text
                assert method in {"GET", "HEAD"} or not answer.is_success
            elif answer.is_success and method != "HEAD":
                succeeded.add((method, path))

    assert succeeded == OPEN
    assert content(database) == before
    assert await bob.is_signed_in()


DETOURS = [
    "/users/", "//users", "/Users", "/users/.", "/users;a=b", "/users%2f", "/users%00", "/./users",
    "/%75sers/", "/users.json", "/api/users", "/v1/users", "/admin/", "/admin/files/0/..%2f..%2fusers", "/users/x/..%2f", "/users%20",
    "/profile/../users", "/livez/../users", "/livez%2f..%2fusers", "/docs/..%2f..%2fusers", "/users?",
    "/docs/%2e%2e/%2e%2e/secrets.json", "/docs/..%5c..%5ckeystead.db", "/.env", "/keystead.db",
    "/keystead.secrets.json", "/docs//etc/passwd", "/docs/%2fetc%2fpasswd", "/debug", "/users%0a",
]  # fmt: skip


@pytest.mark.requirement(78)
async def test_no_other_spelling_of_a_path_gets_around_the_check(
    anybody: httpx.AsyncClient, bob: Person
) -> None:
    for path in DETOURS:
        url = httpx.URL("http://localhost").copy_with(raw_path=path.encode())
        for headers in ({}, bob.bearer):
            answer = await anybody.get(url, headers=headers)
            assert answer.status_code in {401, 403, 404}, path
            assert answer.headers["content-type"] == "application/problem+json"
            assert "bob@" not in answer.text


async def test_no_header_says_another_path(anybody: httpx.AsyncClient, bob: Person) -> None:
    plain = await anybody.get("/")

    for name in ("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix", "Referer"):
        for path in ("/users", "/profile"):
            answer = await anybody.get("/", headers={**bob.bearer, name: path})
            assert answer.text == plain.text
        assert (await anybody.get("/users", headers={**bob.bearer, name: "/"})).status_code == 403


async def test_what_a_client_says_of_itself_gives_no_rights(
    anybody: httpx.AsyncClient, ada: Person, bob: Person
) -> None:
    boasts = {
        "X-User-Id": ada.id, "X-User-Role": "admin", "X-Role": "admin", "X-Admin": "true",
        "X-Forwarded-User": ada.id, "X-Remote-User": ada.email, "Cookie": "role=admin",
        "X-Forwarded-For": "127.0.0.1", "X-Session-Id": ada.id, "X-Internal": "1",
    }  # fmt: skip

    for name, value in [*boasts.items(), ("Remote-User", ada.email)]:
        alone = await anybody.get("/users", headers={name: value})
        as_bob = await anybody.get("/users", headers={**bob.bearer, name: value})
        assert (alone.status_code, as_bob.status_code) == (401, 403), name


@pytest.mark.requirement(25)
async def test_on_a_new_installation_nobody_becomes_an_admin_over_http(
    service: Service, database: Database
) -> None:
    """There is nothing to set up, neither the first time nor when the admins are gone (CVE-2023-46249)."""
    first = await service.person("admin")
    setup = [
        "/setup",
        "/install",
        "/admin/first/run",
        "/auth/setup",
        "/if/flow/initial-setup/",
        "/first-run",
    ]
    for path in setup:
        for method in ("GET", "POST"):
            answer = await first.client.request(method, path, headers=first.bearer)
            assert answer.status_code == 404, path

    assert (await first.put(f"/users/{first.id}/admin")).status_code == 403
    await first.post("/auth/register", {**first.credentials, "role": "admin"})
    for password in ("admin", "password", "changeme", "keystead", ""):
        for email in ("admin@example.com", "admin@localhost", "root@localhost.localdomain"):
            assert not (await Person(service.client(), email, password).login()).is_success

    assert [user["role"] for user in database.rows("users")] == ["user"]
    assert (await first.get("/users")).status_code == 403
