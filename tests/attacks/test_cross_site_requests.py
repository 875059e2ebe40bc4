"""
Requests that another site's page makes a browser send: refused before anything is looked at or changed.

OWASP ASVS 3.5.1, 3.5.2; NIST SP 800-63B-4 section 5.1; CSRF Prevention Cheat Sheet; CVE-2025-68481.
"""

import asyncio

import httpx
import pytest

from tests.conftest import HOME, Service, StartService
from tests.databases import Database, content
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.requirement(70)

LISTED = "https://app.example.com"
EVIL = "https://evil.example"

FOREIGN = {
    "another site": {"Sec-Fetch-Site": "cross-site", "Origin": EVIL},
    "another site that hides": {"Sec-Fetch-Site": "cross-site"},
    "a sandboxed page": {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    "a sister domain": {"Sec-Fetch-Site": "same-site", "Origin": "http://evil.localhost"},
    "a word no browser has": {"Sec-Fetch-Site": "same-origin, none"},
    "another case": {"Sec-Fetch-Site": "Same-Origin", "Origin": EVIL},
    "an empty word": {"Sec-Fetch-Site": ""},
    "an old browser": {"Origin": EVIL},
    "an old browser, sandboxed": {"Origin": "null"},
    "no origin": {"Origin": ""},
    "our name, further down": {"Origin": "http://localhost.evil.example"},
    "our name at the end": {"Origin": "http://evil-localhost"},
    "our name as a user": {"Origin": "http://localhost@evil.example"},
    "another port": {"Origin": "http://localhost:8080"},
    "another scheme": {"Origin": "ftp://localhost"},
    "a path": {"Origin": "http://localhost/"},
    "no scheme": {"Origin": "localhost"},
    "two, a listed one first": {"Origin": f"{LISTED} {EVIL}"},
    "a listed name, further down": {"Origin": f"{LISTED}.evil.example"},
    "a listed name, other scheme": {"Origin": "http://app.example.com"},
    "a listed name, other port": {"Origin": f"{LISTED}:444"},
    "a listed name in capitals": {"Origin": "https://APP.example.com"},
}

HONEST = {
    "no browser": {},
    "our page": {"Sec-Fetch-Site": "same-origin", "Origin": HOME},
    "our page, without a referrer": {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    "the person": {"Sec-Fetch-Site": "none"},
    "our page in an old browser": {"Origin": HOME},
    "a listed page": {"Sec-Fetch-Site": "cross-site", "Origin": LISTED},
    "a listed page in an old browser": {"Origin": LISTED},
}


@pytest.fixture
async def service(start: StartService) -> Service:
    return await start(allowed_origins=LISTED)


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
async def test_another_sites_page_registers_nobody_and_signs_nobody_in_or_out(
    bob: Person, database: Database, headers: dict[str, str]
) -> None:
    before = content(database)
    mallory = {"email": "mallory@example.com", "password": PASSWORD}
    attempts = {
        "/auth/register": mallory,
        "/auth/login": bob.credentials,
        "/auth/refresh": None,
        "/auth/logout": None,
    }

    for path, body in attempts.items():
        answer = await bob.client.post(path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site"), path
        assert "set-cookie" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers

    assert content(database) == before
    assert await bob.is_signed_in()
    assert (await bob.refresh()).status_code == 200


@pytest.mark.parametrize("headers", HONEST.values(), ids=HONEST)
async def test_our_own_pages_listed_ones_and_programs_are_served(
    service: Service, headers: dict[str, str]
) -> None:
    client = service.client()
    client.headers.update(headers)

    bob = await service.person("bob", client=client)

    assert (await bob.refresh()).status_code == 200
    assert (await client.post("/auth/logout")).status_code == 200
    assert not await bob.is_signed_in()


async def test_a_page_that_says_two_origins_is_refused(bob: Person) -> None:
    for name, values in (("Origin", (HOME, EVIL)), ("Sec-Fetch-Site", ("none", "cross-site"))):
        headers = [(name, value) for value in values]
        answer = await bob.client.post("/auth/logout", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "request_malformed")

    assert await bob.is_signed_in()


async def test_it_is_refused_though_its_body_never_comes(service: Service) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": "/auth/login",
        "query_string": b"", "client": ("192.0.2.1", 50_000),
        "headers": [
            (b"host", b"localhost"), (b"content-type", b"application/json"),
            (b"content-length", b"1000"), (b"sec-fetch-site", b"cross-site"),
        ],
    }  # fmt: skip

    await service.app(scope, never, send)  # type: ignore[arg-type] # plain dicts are messages

    assert sent[0]["status"] == 403


async def test_over_https_a_page_over_http_is_another_one(start: StartService) -> None:
    service = await start(cookie_secure=True)
    client = service.client()

    for origin, status in (("https://localhost", 401), ("http://localhost", 403)):
        answer = await client.post("/auth/refresh", headers={"Origin": origin})
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:443", "https://localhost"),
        ("LocalHost", "http://localhost"),
        ("localhost:3020", "http://localhost:3020"),
        ("[::1]:3020", "http://[::1]:3020"),
    ],
)
async def test_host_and_origin_are_compared_as_browsers_write_them(
    service: Service, host: str, origin: str
) -> None:
    answer = await service.client().post("/auth/logout", headers={"Host": host, "Origin": origin})

    assert answer.status_code == 200


async def across_sites(start: StartService) -> tuple[Service, Person, str]:
    """A service whose cookie goes to other sites, Bob on a listed page, and his second token."""
    service = await start(cookie_secure=True, cookie_same_site="none", allowed_origins=LISTED)
    client = service.client()
    client.base_url = httpx.URL("https://localhost")
    client.headers.update({"Origin": LISTED, "Sec-Fetch-Site": "cross-site"})
    bob = Person(client, "bob@example.com")
    await bob.register()
    return service, bob, (await bob.login()).headers["x-csrf-token"]


async def test_a_cookie_that_goes_to_other_sites_needs_the_token_of_its_session(
    start: StartService, database: Database
) -> None:
    service, bob, token = await across_sites(start)
    eve = Person(service.client(), "eve@example.com")
    await eve.register()
    of_eve = (await eve.login()).headers["x-csrf-token"]
    before = content(database)

    for wrong in (
        None,
        "",
        "x",
        of_eve,
        token[:-1],
        token + "x",
        token.upper(),
        "é",
        "ksc_" * 2000,
    ):
        headers = {} if wrong is None else {b"X-CSRF-Token": wrong.encode()}
        for path in ("/auth/refresh", "/auth/logout"):
            answer = await bob.client.post(path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "csrf_token_invalid")
            assert "set-cookie" not in answer.headers

    assert content(database) == before
    bob.client.headers["X-CSRF-Token"] = token
    refreshed = await bob.refresh()
    assert refreshed.status_code == 200
    assert refreshed.headers["x-csrf-token"] == token
    assert (await bob.client.post("/auth/logout")).status_code == 200
    assert not await bob.is_signed_in()


async def test_the_token_is_not_asked_for_where_the_cookie_stays_at_home(bob: Person) -> None:
    assert "x-csrf-token" not in (await bob.login()).headers
    assert (await bob.refresh()).status_code == 200


async def test_the_second_token_is_no_credential(start: StartService) -> None:
    service, _, token = await across_sites(start)
    stranger = service.client()
    stranger.headers["X-CSRF-Token"] = token

    assert (await stranger.post("/auth/refresh")).json()["code"] == "refresh_missing"
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await stranger.get("/profile", headers=bearer)).json()["code"] == "token_invalid"


async def test_signing_out_without_a_cookie_of_ours_needs_no_token(start: StartService) -> None:
    service, bob, _ = await across_sites(start)
    stranger = service.client()

    for cookie in ("", "__Host-refreshToken=junk"):
        answer = await stranger.post("/auth/logout", headers={"Cookie": cookie})
        assert answer.status_code == 200
    assert (await stranger.post("/auth/logout", headers=bob.bearer)).status_code == 200
    assert not await bob.is_signed_in()
