"""What is answered when something is wrong with the request, with the database or with us."""

from typing import Any, NoReturn

import httpx
import pytest

from keystead.domain.store import Store
from tests.conftest import ReadLog, Service, StartService
from tests.databases import Database, content
from tests.people import Person, profile_with
from tests.web.calls import KEYS, NEEDS_NO_DATABASE, caller, stranger
from tests.web.expect import assert_problem, check_answer

SECRET = "the password of the database is hunter2"

VERBS = [name for name in vars(Store) if not name.startswith("_") and name not in {"open", "close"}]


@pytest.mark.requirement(87)
async def test_without_a_database_the_answer_is_never_about_the_token(
    database: Database, ada: Person, bob: Person
) -> None:
    """OWASP ASVS 5.0 16.5.3: what cannot be checked is neither let through nor called wrong."""
    asking = await caller(ada, bob)
    asking.client.cookies.update(bob.client.cookies)  # so that a refresh has something to refresh
    before = content(database)

    for route in KEYS:
        with database.broken():
            answer = await asking.ask(route)

        if route in NEEDS_NO_DATABASE | {"GET /"}:
            assert answer.status_code == 200, route
        else:
            assert_problem(answer, 503, "store_unavailable")
            assert answer.headers["retry-after"] == "2", route
        # The effect: nobody was signed out, and no browser was told to forget its cookie.
        assert "set-cookie" not in answer.headers, route
        assert content(database) == before, route
        assert await ada.is_signed_in(), route


async def test_without_a_database_junk_is_still_junk(
    service: Service, database: Database, bob: Person
) -> None:
    asking = await stranger(service, bob)
    with database.broken():
        assert_problem(await asking.ask("GET /profile"), 401, "token_missing")
        answer = await profile_with(service.client(), "garbage")
        assert_problem(answer, 401, "token_invalid")
        assert (await asking.ask("POST /auth/logout")).status_code == 200


@pytest.mark.requirement(87)
async def test_a_bug_of_ours_is_told_to_the_log_and_to_nobody_else(
    service: Service, ada: Person, bob: Person, read_log: ReadLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OWASP ASVS 5.0 16.5.1, 16.5.4."""

    async def fail(*_: Any) -> NoReturn:
        raise RuntimeError(SECRET)

    asking = await caller(ada, bob)
    asking.client.cookies.update(bob.client.cookies)
    with monkeypatch.context() as patch:
        for verb in VERBS:
            patch.setattr(service.tools.store, verb, fail)
        answers = {route: await asking.ask(route) for route in KEYS}

    log = read_log()
    for route, answer in answers.items():
        if route in NEEDS_NO_DATABASE:
            assert answer.status_code == 200, route
            continue
        assert_problem(answer, 500, "internal_error")
        assert answer.json()["message"] == "Internal error"
        assert "hunter2" not in answer.text + str(answer.headers)
        lines = [line for line in log if line.get("request_id") == answer.json()["request_id"]]
        assert {line["event"] for line in lines} == {"internal_error", "request"}, route
        (traceback,) = [line["exception"] for line in lines if line["event"] == "internal_error"]
        assert SECRET in traceback
    assert await ada.is_signed_in()  # the next request is answered


async def test_a_database_that_is_down_is_in_the_log(
    anybody: httpx.AsyncClient, database: Database, read_log: ReadLog
) -> None:
    with database.broken() as reason:
        answer = await anybody.get("/readyz")

    (line,) = [line for line in read_log() if line["event"] == "store_unavailable"]
    assert line["request_id"] == answer.headers["x-request-id"]
    assert reason in line["reason"]
    assert reason not in answer.text


METHODS = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "X",
}  # fmt: skip

ALLOWED = {
    "/": "GET, HEAD",
    "/livez": "GET, HEAD",
    "/readyz": "GET, HEAD",
    "/docs": "GET, HEAD",
    "/docs/start.js": "GET, HEAD",
    "/openapi.json": "GET, HEAD",
    "/auth/register": "POST",
    "/auth/login": "POST",
    "/auth/refresh": "POST",
    "/auth/logout": "POST",
    "/auth/verify": "GET, HEAD",
    "/.well-known/jwks.json": "GET, HEAD",
    "/profile": "GET, HEAD",
    "/sessions": "DELETE, GET, HEAD",
    "/sessions/x": "DELETE",
    "/audit": "GET, HEAD",
    "/overview": "GET, HEAD",
    "/account": "GET, HEAD",
    "/account/users": "GET, HEAD",
    "/account/files/0/start.js": "GET, HEAD",
    "/admin": "GET, HEAD",
    "/admin/users": "GET, HEAD",
    "/admin/users/1": "GET, HEAD",
    "/admin/files/0/start.js": "GET, HEAD",
    "/users": "GET, HEAD",
    "/users/x": "DELETE, GET, HEAD",
    "/users/x/status": "PUT",
    "/users/x/admin": "PUT",
    "/users/x/user": "PUT",
    "/auth/reauthenticate": "POST",
    "/users/x/sessions": "DELETE, GET, HEAD",
}


@pytest.mark.requirement(85)
async def test_a_method_that_is_not_there_names_those_that_are(
    ada: Person, database: Database
) -> None:
    """RFC 9110 section 15.5.6; OWASP ASVS 5.0 4.1.4 (TRACE)."""
    before = content(database)

    for path, allowed in ALLOWED.items():
        for method in sorted(METHODS - set(allowed.split(", "))):
            answer = await ada.client.request(method, path, headers=ada.bearer)
            assert (answer.status_code, answer.headers["allow"]) == (405, allowed), (method, path)

    assert content(database) == before


def test_every_path_is_in_the_list_of_methods() -> None:
    concrete = {
        "{user_id}": "x", "{session_id}": "x", "{role}": "user", "{file}": "start.js",
        "{page}": "users", "{id}": "1", "{version}": "0",
    }  # fmt: skip
    paths = set()
    for route in KEYS:
        path = route.partition(" ")[2]
        for name, value in concrete.items():
            path = path.replace(name, value)
        paths.add(path)
    assert paths == set(ALLOWED)


@pytest.mark.requirement(85)
async def test_a_path_that_is_not_there_is_a_problem_document(anybody: httpx.AsyncClient) -> None:
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        assert_problem(await anybody.request(method, "/nowhere"), 404, "route_not_found")


async def test_headers_have_up_to_16_kib(anybody: httpx.AsyncClient) -> None:
    assert (await anybody.get("/livez", headers={"X-Long": "x" * 15_000})).status_code == 200

    answer = await anybody.get("/livez", headers={"X-Long": "x" * 16_384})
    assert_problem(answer, 431, "headers_too_large")
    many = [(f"X-{number}", "x" * 100) for number in range(200)]
    assert_problem(await anybody.get("/livez", headers=many), 431, "headers_too_large")


@pytest.mark.parametrize(
    "headers",
    [
        [("Host", "a.example"), ("Host", "b.example")],
        [("Host", "a.example"), ("Content-Length", "2"), ("Content-Length", "2")],
        [("Host", "a.example"), ("Content-Length", "2"), ("Transfer-Encoding", "chunked")],
    ],
)
async def test_what_a_proxy_could_read_differently_is_refused(
    anybody: httpx.AsyncClient, headers: list[tuple[str, str]]
) -> None:
    """RFC 9112 sections 3.2 and 6.1; OWASP ASVS 5.0 4.2.1."""
    answer = await anybody.post("/auth/logout", headers=headers, content=b"{}")

    assert_problem(answer, 400, "request_malformed")
    assert answer.headers["connection"] == "close"


@pytest.mark.requirement(75)
async def test_https_is_insisted_on_where_there_is_https(
    start: StartService, anybody: httpx.AsyncClient
) -> None:
    """OWASP ASVS 5.0 3.4.1: a year, with every host below."""
    assert "strict-transport-security" not in (await anybody.get("/livez")).headers

    secure = (await start(cookie_secure=True)).client()

    for path in ("/livez", "/nowhere", "/profile", "/docs"):
        header = (await secure.get(path)).headers["strict-transport-security"]
        assert header == "max-age=31536000; includeSubDomains"


@pytest.mark.requirement(75, 76)
async def test_every_answer_here_is_checked(anybody: httpx.AsyncClient) -> None:
    """The check that conftest.py hangs on every client fails where something is missing."""
    assert anybody.event_hooks["response"] == [check_answer]
    answer = await anybody.get("/nowhere")
    for name in ("x-frame-options", "cache-control", "x-request-id", "content-security-policy"):
        headers = {key: value for key, value in answer.headers.items() if key != name}
        request = answer.request
        poorer = httpx.Response(404, headers=headers, content=answer.content, request=request)
        with pytest.raises((AssertionError, KeyError)):
            await check_answer(poorer)


async def test_a_hint_is_for_developers_only(start: StartService) -> None:
    in_development = await (await start()).client().get("/profile")
    strong = {"argon2_memory_kib": 19_456, "argon2_iterations": 2}
    service = await start(environment="production", allowed_hosts="localhost", **strong)
    in_production = await service.client().get("/profile")

    assert in_development.json()["hint"].endswith("docs/errors.md#401-who-is-asking-is-not-known")
    assert "hint" not in in_production.json()
    assert in_development.json()["code"] == in_production.json()["code"] == "token_missing"
