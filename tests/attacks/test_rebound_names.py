"""
A name of the attacker's that points at this machine (DNS rebinding), and other forged hosts.

RFC 9110 section 15.5.20; OWASP ASVS 4.1.3; GHSA-3529-5m8x-rpv3.
"""

import httpx
import pytest

from tests.conftest import Service, StartService
from tests.databases import Database, content
from tests.people import Person

pytestmark = pytest.mark.requirement(28)

FOREIGN = [
    "evil.example",
    "evil.example:3020",
    "localhost.evil.example",
    "evil-localhost",
    "localhost.",
    "127.0.0.1.evil.example",
    "192.0.2.1",
    "[2001:db8::1]",
    "0.0.0.0",  # noqa: S104 - as a client names it
    "127.1",
    "xn--localhst-61a",
]


@pytest.mark.parametrize("host", FOREIGN)
async def test_under_a_foreign_name_nothing_can_be_read_or_done(
    bob: Person, database: Database, host: str
) -> None:
    before = content(database)

    for method, path in (("GET", "/profile"), ("GET", "/"), ("POST", "/auth/refresh")):
        answer = await bob.client.request(method, path, headers={**bob.bearer, "Host": host})
        assert (answer.status_code, answer.json()["code"]) == (421, "host_not_served")
        assert host not in answer.text

    assert content(database) == before
    assert await bob.is_signed_in()


@pytest.mark.parametrize(
    "host", ["", "a b", "a,b", "[localhost]", "[::1", "::1", "a:b", "a:1:2", "é"]
)
async def test_a_host_that_cannot_be_one_is_malformed(
    anybody: httpx.AsyncClient, host: str
) -> None:
    answer = await anybody.get("/profile", headers={b"Host": host.encode()})

    assert (answer.status_code, answer.json()["code"]) == (400, "request_malformed")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:9", "127.0.0.1:3020", "[::1]", "[0:0::1]:1"]
)
async def test_in_development_this_machine_is_served_by_its_own_names(
    anybody: httpx.AsyncClient, host: str
) -> None:
    assert (await anybody.get("/", headers={"Host": host})).status_code == 200


async def test_health_is_told_under_any_name(anybody: httpx.AsyncClient) -> None:
    for path in ("/livez", "/readyz"):
        assert (await anybody.get(path, headers={"Host": "10.1.2.3:3020"})).status_code == 200


async def test_no_header_says_another_host(anybody: httpx.AsyncClient) -> None:
    for name in (
        "X-Forwarded-Host",
        "X-Host",
        "Forwarded",
        "X-Original-Host",
        "X-Forwarded-Server",
    ):
        value = "host=localhost" if name == "Forwarded" else "localhost"
        answer = await anybody.get("/", headers={"Host": "evil.example", name: value})
        assert answer.status_code == 421
        claimed = {name: value.replace("localhost", "evil.example")}
        for path in ("/", "/openapi.json", "/docs", "/nowhere", "/profile"):
            answer = await anybody.get(path, headers=claimed)
            assert answer.status_code in {200, 401, 404}
            assert "evil" not in answer.text + str(answer.headers)


@pytest.mark.parametrize(
    ("settings", "served", "refused"),
    [
        ({"host": "192.0.2.1", "environment": "development"}, "192.0.2.1", "192.0.2.2"),
        ({"host": "0.0.0.0", "environment": "development"}, "192.0.2.2", "evil.example"),  # noqa: S104
        ({"host": "::", "environment": "development"}, "[2001:db8::1]", "evil.example"),
        ({"allowed_hosts": "accounts.example.com"}, "Accounts.Example.com:8443", "localhost"),
        ({"allowed_hosts": "a.example, 2001:db8::1"}, "[2001:0db8::0001]", "b.example"),
        ({"allowed_hosts": "*"}, "evil.example", "a b"),
    ],
)
async def test_settings_say_which_names_are_ours(
    start: StartService, settings: dict[str, str], served: str, refused: str
) -> None:
    client = (await start(**settings)).client()

    assert (await client.get("/", headers={"Host": served})).status_code == 200
    assert (await client.get("/", headers={"Host": refused})).status_code in {400, 421}


async def test_many_names_fill_no_memory(service: Service) -> None:
    client = service.client()
    for number in range(200):
        await client.get("/livez", headers={"Host": f"a{number}.example"})

    assert service.app._hosts._look_at.cache_info().currsize <= 64
