"""
The configurations of docs/forward-auth.md, as they stand there: who reaches the service, and as whom.

A service behind a proxy believes its identity headers. So each attack here is on those.
"""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest

from tests.databases import Database, environment_of
from tests.people import Person
from tests.server.proxies import ODD_PATHS, PROXIES, Service, ask, folders, proxy
from tests.server.running import Server, client_of, free_port, keystead, running

pytestmark = pytest.mark.only_on(
    "sqlite", because="the proxy sees nothing of the database behind the API"
)

NAMES = ("x-user-id", "x-user-role", "x-session-id")
SPELLINGS = [
    f"{first}{one}{second}{other}{third}"
    for first, second, third in (("X", "User", "Id"), ("x", "USER", "role"), ("X", "Session", "Id"))
    for one in "-_."
    for other in "-_."
]


@pytest.fixture(scope="module")
def server(database_of_module: Database) -> Iterator[Server]:
    settings = {
        "KEYSTEAD_ALLOWED_HOSTS": "accounts.example.com,127.0.0.1",
        "KEYSTEAD_TRUSTED_PROXIES": "127.0.0.0/8",
        "KEYSTEAD_STEP_UP": "off",
    }
    with running(database_of_module, **settings) as server:
        yield server


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as service:
        yield service


@pytest.fixture(params=PROXIES)
def port(
    request: pytest.FixtureRequest, server: Server, service: Service, tmp_path: Path
) -> Iterator[int]:
    with proxy(request.param, tmp_path, server.port, service.port) as port:
        yield port


@pytest.fixture
async def bob(server: Server) -> AsyncIterator[Person]:
    async with server.client() as client:
        bob = Person(client, "bob@example.com")
        await bob.register()
        assert (await bob.login()).status_code == 200
        yield bob


@pytest.fixture
async def front(port: int) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(port) as client:
        yield client


def identity(answer: httpx.Response) -> list[tuple[str, str]]:
    """Return what the service could take for an identity, in any spelling that it could read."""
    return identity_in(answer.json()["headers"])


def identity_in(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(
        (name.lower(), value)
        for name, value in headers
        if re.sub("[._]", "-", name.lower()) in NAMES
    )


def paths(service: Service) -> list[str]:
    return [each["path"] for each in service.seen]


async def own(bob: Person) -> list[tuple[str, str]]:
    session = (await bob.profile()).json()["session"]["sessionId"]
    return [("x-session-id", session), ("x-user-id", bob.id), ("x-user-role", "user")]


@pytest.mark.parametrize("path", ["/", "/admin/", "/deep/path?x=1"])
async def test_nobody_reaches_the_service_without_a_session(
    front: httpx.AsyncClient, service: Service, path: str
) -> None:
    missing = await front.get(path)
    garbage = await front.get(path, headers={"Authorization": "Bearer garbage"})

    assert (missing.status_code, garbage.status_code) == (401, 401)
    assert missing.headers["www-authenticate"] == "Bearer"
    assert garbage.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert service.seen == []


async def test_the_service_is_told_who_is_asking(front: httpx.AsyncClient, bob: Person) -> None:
    answer = await front.get("/deep/path?x=1", headers=bob.bearer)

    assert answer.status_code == 200
    assert answer.json()["path"] == "/deep/path?x=1"
    assert identity(answer) == await own(bob)


async def test_what_a_client_claims_to_be_never_arrives(
    front: httpx.AsyncClient, bob: Person
) -> None:
    forged = dict.fromkeys(SPELLINGS, "admin")

    answer = await front.get("/", headers={**bob.bearer, **forged})
    public = await front.get("/public/", headers=forged)

    assert (answer.status_code, public.status_code) == (200, 200)
    assert identity(answer) == await own(bob)
    assert identity(public) == []


async def test_claims_do_not_replace_a_session(front: httpx.AsyncClient, service: Service) -> None:
    assert (await front.get("/", headers=dict.fromkeys(SPELLINGS, "admin"))).status_code == 401
    assert service.seen == []


async def test_a_header_that_is_made_to_vanish_leaves_no_other_one(
    front: httpx.AsyncClient, service: Service, bob: Person
) -> None:
    hops = "close, X-User-Id, X-User-Role, X-Session-Id"

    answer = await front.get("/", headers={**bob.bearer, "Connection": hops, "X-User-Id": "admin"})

    assert answer.status_code in {200, 401}
    for request in service.seen:
        assert set(identity_in(request["headers"])) <= set(await own(bob))


async def test_only_an_admin_reaches_what_is_for_admins(
    front: httpx.AsyncClient, service: Service, server: Server, database_of_module: Database
) -> None:
    folder, environment = database_of_module.folder, environment_of(database_of_module)
    async with server.client() as client:
        carol = await server.person(f"carol-{front.base_url.port}", client)
        assert (await front.get("/admin/", headers=carol.bearer)).status_code == 403
        assert service.seen == []

        made = keystead(folder, "users", "role", carol.email, "admin", **environment)

        assert made.returncode == 0, made.stderr
        passed = await front.get("/admin/", headers=carol.bearer)
        assert passed.status_code == 200
        assert dict(identity(passed))["x-user-role"] == "admin"


async def test_no_path_is_served_as_one_for_admins_to_who_is_none(
    port: int, service: Service, bob: Person
) -> None:
    for path in ODD_PATHS.split():
        ask(port, path, bob.bearer)

    assert [path for path in paths(service) if "admin" in folders(path)] == []


async def test_no_path_is_served_to_anybody_as_one_that_is_not_public(
    port: int, service: Service
) -> None:
    for path in ODD_PATHS.split():
        ask(port, path, {})

    assert [path for path in paths(service) if folders(path) != {"public"}] == []


async def test_what_is_for_admins_begins_without_a_slash(
    port: int, service: Service, bob: Person
) -> None:
    asked = [ask(port, path, bob.bearer) for path in ("/admin", "/admin.json", "/admin?x=1")]

    assert (asked, service.seen) == ([403, 403, 403], [])


async def test_any_other_path_arrives_as_it_was_sent(
    port: int, service: Service, bob: Person
) -> None:
    sent = ["/deep/a%20b/%C3%B6+&=@:!,~.txt?x=%2f..%2f&y=%25", "/.well-known/x", "/a..b/...", "/x/"]

    assert [ask(port, path, bob.bearer) for path in sent] == [200] * len(sent)
    assert [unquote(path) for path in paths(service)] == [unquote(path) for path in sent]


@pytest.mark.parametrize("query", ["?role=user", "?role=", "?", "?x=1&role=admin", "?role=nobody"])
async def test_a_clients_own_query_does_not_change_what_is_asked(
    front: httpx.AsyncClient, service: Service, bob: Person, query: str
) -> None:
    answer = await front.get(f"/admin/{query}", headers=bob.bearer)
    own_path = await front.get(f"/x{query}", headers=bob.bearer)

    assert answer.status_code == 403
    assert own_path.status_code == 200
    assert [each["path"].partition("?")[0] for each in service.seen] == ["/x"]


async def test_a_session_that_ended_is_refused_at_the_next_request(
    front: httpx.AsyncClient, bob: Person
) -> None:
    assert (await front.get("/", headers=bob.bearer)).status_code == 200

    await bob.client.post("/auth/logout")

    assert (await front.get("/", headers=bob.bearer)).status_code == 401


async def test_a_body_arrives_whole(front: httpx.AsyncClient, bob: Person) -> None:
    body = "what somebody sends, " * 4000

    answer = await front.post("/upload", headers=bob.bearer, content=body)

    assert answer.json()["body"] == body
    assert identity(answer) == await own(bob)


@pytest.mark.parametrize("name", PROXIES)
async def test_while_keystead_is_away_nobody_passes(
    name: str, service: Service, tmp_path: Path, bob: Person
) -> None:
    with proxy(name, tmp_path, free_port(), service.port) as port:
        async with client_of(port) as front:
            answer = await front.get("/", headers=bob.bearer)

            assert answer.status_code == {"nginx": 503, "traefik": 500, "caddy": 502}[name]
            assert service.seen == []
            assert (await front.get("/public/")).status_code == 200
