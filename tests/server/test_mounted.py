"""Keystead inside another application, as docs/how-to/mounting.md has it: through HTTP, below its path."""

from collections.abc import AsyncIterator, Iterator
from urllib.parse import urljoin

import httpx
import pytest

from keystead.client import Verifier
from tests.databases import Database
from tests.people import COOKIE, Person, refresh_with
from tests.server.mounted import PATH, client_below, mounted
from tests.server.running import Server, client_of, eventually, free_port, is_listening
from tests.web.expect import assert_problem, set_cookie
from tests.web.test_docs import Page

SITE = "https://evil.example"


@pytest.fixture(scope="module")
def server(database_of_module: Database) -> Iterator[Server]:
    with mounted(database_of_module) as started:
        yield started


@pytest.fixture
async def client(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with client_below(server.port) as made:
        yield made


@pytest.fixture
async def around(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application itself."""
    async with client_of(server.port) as made:
        yield made


async def signed_in(client: httpx.AsyncClient, name: str) -> Person:
    person = Person(client, f"{name}@example.com")
    assert (await person.register()).status_code == 201
    assert (await person.login()).status_code == 200
    return person


async def hello(around: httpx.AsyncClient, person: Person) -> httpx.Response:
    return await around.get("/hello", headers=person.bearer)


async def test_people_sign_in_stay_signed_in_and_sign_out(
    client: httpx.AsyncClient, around: httpx.AsyncClient
) -> None:
    bob = await signed_in(client, "bob")
    first, old = bob.access_token, bob.refresh_token

    assert (await bob.refresh()).status_code == 200
    assert (await bob.profile()).json()["user"]["email"] == bob.email
    verified = await bob.get("/auth/verify")
    assert (verified.status_code, verified.headers["x-user-id"]) == (204, bob.id)
    assert (await hello(around, bob)).json() == {"hello": bob.id, "role": "user"}

    newest = bob.refresh_token
    assert newest not in {old, None}
    assert (await client.post("/auth/logout")).status_code == 200
    for token in (first, bob.access_token):
        bob.access_token = token
        assert_problem(await bob.profile(), 401, "session_ended")
        assert (await hello(around, bob)).status_code == 401
    assert_problem(await refresh_with(client, newest), 401, "session_ended")


async def test_a_replayed_cookie_ends_the_session_here_too(client: httpx.AsyncClient) -> None:
    ada = await signed_in(client, "ada")
    stolen = ada.refresh_token
    for _ in range(2):
        assert (await ada.refresh()).status_code == 200

    assert_problem(await refresh_with(client, stolen), 401, "refresh_reused")

    assert not await ada.is_signed_in()


async def test_the_cookie_is_as_ever(client: httpx.AsyncClient) -> None:
    answer = await Person(client, "cookie@example.com").register()
    assert answer.status_code == 201

    cookie = set_cookie(await Person(client, "cookie@example.com").login())

    assert (cookie.name, cookie.lasting["path"]) == (COOKIE, "/")


async def test_what_is_not_below_the_path_is_the_applications_own(
    around: httpx.AsyncClient,
) -> None:
    start = await around.get("/")
    assert start.json() == {"accounts": f"{PATH}/account"}
    assert "x-request-id" not in start.headers
    assert "content-security-policy" not in start.headers
    for path in ("/profile", "/account", f"{PATH}x/profile", "/.well-known/jwks.json"):
        answer = await around.get(path)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


async def test_what_is_below_it_and_not_there_is_a_problem_document(
    around: httpx.AsyncClient,
) -> None:
    for path in (f"{PATH}/nothing", f"{PATH}{PATH}/profile", f"{PATH}//profile"):
        assert_problem(await around.get(path), 404, "route_not_found")
    wrong = await around.put(f"{PATH}/profile")
    assert_problem(wrong, 405, "method_not_allowed")
    assert wrong.headers["allow"] == "GET, HEAD"


async def test_hosts_and_pages_of_others_are_refused_below_it(around: httpx.AsyncClient) -> None:
    foreign = {"Host": "evil.example"}
    assert_problem(await around.get(f"{PATH}/profile", headers=foreign), 421, "host_not_served")
    assert (await around.get(f"{PATH}/livez", headers=foreign)).status_code == 200
    assert (await around.get("/", headers=foreign)).status_code == 200

    for headers in ({"Origin": SITE}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await around.post(f"{PATH}/auth/logout", headers=headers)
        assert_problem(answer, 403, "cross_site")
    own = {"Origin": str(around.base_url).rstrip("/")}
    assert (await around.post(f"{PATH}/auth/logout", headers=own)).status_code == 200


@pytest.mark.parametrize("page", ["/account", "/account/profile", "/admin/users/1", "/docs"])
async def test_all_that_a_page_loads_is_there(around: httpx.AsyncClient, page: str) -> None:
    shown = await around.get(f"{PATH}{page}")
    assert shown.status_code == 200

    targets = [target for target in Page(shown.text).loads if not target.startswith("#")]
    assert targets
    for target in targets:
        place = urljoin(f"{PATH}{page}", target)
        assert place.startswith(f"{PATH}/")
        assert (await around.get(place)).status_code == 200


async def test_the_document_says_where_its_routes_are(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()

    assert document["servers"] == [{"url": PATH}]
    assert "/auth/login" in document["paths"]


async def test_another_service_verifies_its_tokens(
    server: Server, client: httpx.AsyncClient
) -> None:
    eve = await signed_in(client, "eve")
    url = f"http://127.0.0.1:{server.port}{PATH}"

    async with Verifier(url, http=httpx.AsyncClient(trust_env=False)) as verifier:
        assert (await verifier.verify(eve.access_token)).user_id == eve.id
        assert (await verifier.confirm(eve.access_token)).role == "user"


async def test_it_looks_after_its_database_and_stops_with_the_application(
    database: Database,
) -> None:
    with mounted(database) as server:
        async with client_below(server.port) as client:
            await signed_in(client, "bob")
            eventually(lambda: all(row["seq"] is not None for row in database.rows("audit")))
            await client.post("/auth/logout")
        assert server.stop() == 0
    # The last record was sealed while it stopped.
    assert all(row["seq"] is not None for row in database.rows("audit"))
    assert "Traceback" not in server.output


async def test_two_processes_are_one_service(database: Database) -> None:
    first = free_port()
    second = first + 1
    metrics = {"KEYSTEAD_WORKERS": "2", "KEYSTEAD_METRICS_PORT": str(first)}
    with mounted(database, "--workers", "2", **metrics) as server:
        eventually(lambda: len(server.workers) == 2)
        eventually(lambda: is_listening(first) and is_listening(second))
        async with client_below(server.port) as client:
            bob = await signed_in(client, "bob")
            assert await statuses(server, bob) == {200}
            await client.post("/auth/logout")
            assert await statuses(server, bob) == {401}
        for port in (first, second):
            async with client_of(port) as operator:
                # Both have answered.
                assert 'route="/profile"' in (await operator.get("/metrics")).text


async def statuses(server: Server, person: Person) -> set[int]:
    """What is answered on forty connections, which the processes share."""
    found = set()
    for _ in range(40):
        async with client_below(server.port) as client:
            found.add((await client.get("/profile", headers=person.bearer)).status_code)
    return found
