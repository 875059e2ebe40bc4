"""
Whatever is sent where something is parsed, the answer is one that is documented.

OWASP ASVS 1.5.x, 16.5.3: a parser that fails must not fail open (CVE-2024-47070, CVE-2026-25748), and
what it cannot read is a refusal that clients know, never an error of ours.
"""

import ipaddress
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keystead.setting_values import networks
from keystead.web.client_ip import ClientIp
from tests.attacks.evidence import logged
from tests.attacks.test_journey import World
from tests.databases import Database
from tests.people import COOKIE, PASSWORD, Person
from tests.web.openapi import codes, default_document, operations

DOCUMENTED = {name: codes(operation) for name, operation in operations(default_document())}

HEADER = st.binary(max_size=300).map(lambda raw: raw.translate(None, b"\r\n"))
"""What reaches an application: the server ends a header at a line break."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip

fuzzed = settings(
    max_examples=settings().max_examples // 5,  # Each example is a request or several.
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def world(database_of_module: Database) -> Iterator[World]:
    with (
        pytest.MonkeyPatch.context() as patch,
        logged(patch),
        World.opened(database_of_module) as it,
    ):
        yield it


@pytest.fixture
def bob(world: World) -> Person:
    world.stories += 1
    bob = Person(world.client, f"bob{world.stories}@example.com")
    world.runner.run(bob.register())
    world.runner.run(bob.login())
    return bob


def send(world: World, route: str, *, path: str = "", **request: Any) -> httpx.Response:
    """Send a request, and assert that *route* (`METHOD /path`) documents what is answered."""
    method, _, template = route.partition(" ")
    world.client.cookies.clear()
    answer = world.runner.run(world.client.request(method, path or template, **request))
    code = answer.json().get("code")
    assert answer.is_success or (answer.status_code, code) in DOCUMENTED[route], answer.text
    assert answer.status_code < 500, answer.text
    return answer


def altered(text: str) -> st.SearchStrategy[bytes]:
    """Return *text* with a piece of it replaced by anything."""
    place = st.integers(0, len(text))

    def alter(first: int, second: int, middle: bytes) -> bytes:
        start, end = sorted((first, second))
        return text[:start].encode() + middle + text[end:].encode()

    return st.builds(alter, place, place, HEADER)


@pytest.mark.requirement(45, 87)
def test_no_authorization_header_is_more_than_refused(world: World, bob: Person) -> None:
    real = f"Bearer {bob.access_token}"

    @fuzzed
    @given(HEADER | HEADER.map(lambda raw: b"Bearer " + raw) | altered(real))
    def attack(header: bytes) -> None:
        answer = send(world, "GET /profile", headers={b"Authorization": header})
        assert answer.status_code == (200 if header.strip(b" ") == real.encode() else 401)

    attack()
    assert world.runner.run(bob.is_signed_in())


@pytest.mark.requirement(73, 87)
def test_no_cookie_is_more_than_refused(world: World, bob: Person) -> None:
    real = f"{COOKIE}={bob.refresh_token}"

    @fuzzed
    @given(HEADER | HEADER.map(lambda raw: f"{COOKIE}=".encode() + raw) | altered(real))
    def attack(header: bytes) -> None:
        if real.encode() in header:
            return  # It was not altered.
        refused = send(world, "POST /auth/refresh", headers={b"Cookie": header})
        assert refused.status_code == 401
        assert "set-cookie" not in refused.headers or "Max-Age=0" in refused.headers["set-cookie"]
        assert send(world, "POST /auth/logout", headers={b"Cookie": header}).status_code == 200

    attack()
    assert world.runner.run(bob.is_signed_in())


@pytest.mark.requirement(20)
@fuzzed
@given(st.lists(HEADER | st.ip_addresses().map(lambda address: str(address).encode()), max_size=4))
def test_whatever_is_forwarded_gives_an_address_or_the_peers(forwarded: list[bytes]) -> None:
    find = ClientIp(networks("192.0.2.0/24")).find

    found = find("192.0.2.1", forwarded)

    assert found is not None
    assert str(ipaddress.ip_address(found)) == found
    assert find("198.51.100.1", forwarded) == "198.51.100.1"


@pytest.mark.requirement(20, 88)
def test_any_user_agent_signs_in_and_is_listed(world: World, bob: Person) -> None:
    @fuzzed
    @given(HEADER, HEADER)
    def attack(user_agent: bytes, forwarded: bytes) -> None:
        headers = {
            b"User-Agent": user_agent,
            b"X-Forwarded-For": forwarded,
            b"Forwarded": forwarded,
        }
        answer = send(world, "POST /auth/login", json=bob.credentials, headers=headers)
        bearer = {"Authorization": f"Bearer {answer.json()['accessToken']}"}
        listed = send(world, "GET /sessions", headers=bearer).json()["sessions"][0]
        assert listed["ip"] == "192.0.2.1"
        assert listed["userAgent"] is None or listed["userAgent"].isprintable()

    attack()


@pytest.mark.requirement(83, 84)
def test_no_query_is_more_than_refused(world: World) -> None:
    world.runner.run(world.ada.login())
    names = st.sampled_from(["cursor", "limit", "search", "role", "status"]) | st.text(max_size=5)

    @fuzzed
    @given(st.lists(st.tuples(names, st.text(max_size=40)), max_size=3))
    def attack(query: list[tuple[str, str]]) -> None:
        send(world, "GET /users", params=query, headers=world.ada.bearer)

    attack()


@pytest.mark.requirement(79, 84)
def test_no_id_is_more_than_unknown(world: World, bob: Person) -> None:
    # A slash ends a segment, however it is written: what is beyond it is no id but another path.
    characters = st.characters(codec="utf-8", exclude_characters="/")
    segment = st.text(characters, min_size=1, max_size=40).map(encoded)

    @fuzzed
    @given(segment)
    def attack(text: str) -> None:
        for route in ("GET /users/{user_id}", "DELETE /users/{user_id}"):
            answer = send(world, route, path=f"/users/{text}", headers=bob.bearer)
            assert answer.status_code == 403
        for route in ("DELETE /sessions/{session_id}",):
            answer = send(world, route, path=f"/sessions/{text}", headers=bob.bearer)
            assert answer.status_code == 404

    attack()
    assert world.runner.run(bob.is_signed_in())


@pytest.mark.requirement(84, 86)
@pytest.mark.parametrize("route", ["POST /auth/login", "POST /auth/register"])
def test_no_body_is_more_than_refused(world: World, route: str) -> None:
    members = st.fixed_dictionaries({}, optional={"email": JSON, "password": JSON, "x": JSON})
    declared = st.sampled_from(["application/json"] * 5) | HEADER

    @fuzzed
    @given(st.binary(max_size=200) | (JSON | members).map(dumped), declared)
    def attack(body: bytes, media_type: str | bytes) -> None:
        assert send(
            world, route, content=body, headers={b"Content-Type": media_type}
        ).is_client_error

    attack()


@pytest.mark.requirement(31, 32)
@pytest.mark.parametrize("shape", ["{}", "{}@example.com", "bob@{}", "{}@{}.example"])
def test_no_address_is_more_than_refused(world: World, shape: str) -> None:
    @fuzzed
    @given(st.text(max_size=70))
    def attack(text: str) -> None:
        body = {"email": shape.replace("{}", text), "password": PASSWORD}
        content = json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        send(world, "POST /auth/login", content=content, headers=headers)

    attack()


@pytest.mark.requirement(86)
@pytest.mark.parametrize(
    "name", ["Content-Length", "Content-Encoding", "Transfer-Encoding", "Host"]
)
def test_no_header_about_the_body_is_more_than_refused(world: World, name: str) -> None:
    @fuzzed
    @given(HEADER | st.integers(0, 5000).map(lambda length: b"9" * length))
    def attack(value: bytes) -> None:
        headers = {b"Content-Type": b"application/json", name.encode(): value}
        send(world, "POST /auth/login", content=b"{}", headers=headers)

    attack()


def dumped(value: object) -> bytes:
    return json.dumps(value).encode()


def encoded(text: str) -> str:
    """Return *text* as one segment of a path, whatever is in it."""
    return "".join(f"%{byte:02x}" for byte in text.encode())
