"""
Operators and SQL where a text is expected, in every place that takes one.

OWASP ASVS 1.2.4; CWE-89, CWE-943. The proof is the database: after each of them it is
what it was before.
"""

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.conftest import Service, StartService
from tests.databases import Database, content
from tests.people import COOKIE, PASSWORD, Person

TEXTS = [
    "' OR '1'='1", "' OR 1=1 --", '" OR ""="', "admin' --", "') OR ('1'='1", "1; DROP TABLE users; --",
    "'; DELETE FROM sessions; --", "' UNION SELECT password_hash FROM users --", "\\' OR 1=1 --",
    "%27%20OR%201=1", "x' AND randomblob(1000000000) --", "$1", "?1", ":1", "{0}", "%s", "%(x)s",
    '{"$ne": null}', '{"$gt": ""}', '{"$where": "sleep(5000)"}', 'j:{"$ne":null}', "[$ne]=1",
    "${7*7}", "{{7*7}}", "${jndi:ldap://127.0.0.1/a}", "`id`", "$(id)", "| id", "<!--#exec cmd=id-->",
    "../../../../etc/passwd", "%_", "_%", "*", "\ufffd", "\u2028", "\U0010ffff", "a\u0000b", "\n", "\x7f",
]  # fmt: skip

VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**30, [], {}, [[]], {"$ne": None}, {"$gt": ""}, {"$regex": ".*"},
    {"$where": "1"}, ["bob@example.com"], {"email": "bob@example.com"}, [{"$ne": None}],
    ["bob@example.com", "eve@example.com"], {"toString": "x"}, {"length": 1},
]  # fmt: skip


@pytest.mark.requirement(84)
async def test_what_is_no_text_is_no_credential(
    anybody: httpx.AsyncClient, bob: Person, database: Database
) -> None:
    before = content(database)
    bodies = [
        body
        for value in VALUES
        for body in (
            {"email": value, "password": PASSWORD},
            {"email": bob.email, "password": value},
            {"email": value, "password": value},
        )
    ]

    for path in ("/auth/login", "/auth/register"):
        for body in bodies:
            answer = await anybody.post(path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (400, "input_invalid"), body
            assert "set-cookie" not in answer.headers

    assert content(database) == before
    assert await bob.is_signed_in()


@pytest.mark.requirement(84)
async def test_no_text_in_a_body_signs_anybody_in_or_changes_anything(
    start: StartService, database: Database
) -> None:
    service = await start(throttle="off")  # Hundreds of texts, not guesses.
    anybody, bob = service.client(), await service.person("bob")
    before = content(database)
    attempts = [
        attempt
        for text in TEXTS
        for attempt in (
            (text, PASSWORD), (bob.email, text), (text, text), (f"bob{text}@example.com", PASSWORD),
            (f"{text}@example.com", text),
        )
    ]  # fmt: skip

    for email, password in attempts:
        answer = await Person(anybody, email, password).login()
        assert answer.status_code in {400, 401}, (email, password)

    assert content(database) == before
    assert await bob.is_signed_in()


async def test_a_password_may_be_any_of_them_and_is_only_a_password(
    anybody: httpx.AsyncClient, database: Database
) -> None:
    for number, text in enumerate(TEXTS):
        eve = Person(anybody, f"eve{number}@example.com", f"{text} plum tree")
        answers = [await eve.register(), await eve.login()]
        expected = [400, 400] if "\0" in text else [201, 200]
        assert [answer.status_code for answer in answers] == expected, text

    assert b"plum tree" not in database.everything()


@pytest.mark.requirement(84)
async def test_no_text_in_a_path_reaches_anything(
    ada: Person, bob: Person, database: Database
) -> None:
    before = content(database)

    for text in TEXTS:
        x = quote(text, safe="")
        requests = [
            ("GET", f"/users/{x}"), ("DELETE", f"/users/{x}"), ("PUT", f"/users/{x}/admin"),
            ("PUT", f"/users/{bob.id}/{x}"), ("GET", f"/users/{x}/sessions"),
            ("DELETE", f"/users/{x}/sessions"), ("DELETE", f"/sessions/{x}"), ("GET", f"/{x}"),
            ("GET", f"/docs/{x}"), ("DELETE", f"/users/{bob.id}{x}"),
            ("DELETE", f"/sessions/{bob.id}{x}"),
        ]  # fmt: skip
        for method, path in requests:
            answer = await ada.client.request(method, path, headers=ada.bearer)
            assert answer.status_code in {400, 404, 405}, (method, path)
        answer = await ada.put(f"/users/{x}/status", {"status": "disabled"})
        assert answer.status_code == 404, text

    assert content(database) == before
    assert await bob.is_signed_in()


@pytest.mark.requirement(84)
async def test_no_text_in_a_query_finds_more_than_it_says(
    ada: Person, bob: Person, database: Database
) -> None:
    before = content(database)

    for text in TEXTS:
        for name in ("role", "status", "cursor", "limit", text):
            answer = await ada.get("/users", params={name: text})
            assert answer.status_code == 400 or not text.strip(), (name, text)
        found = await ada.get("/users", params={"search": text})
        assert found.json().get("users", []) == [] or not text.strip(), text
        ended = await ada.client.request(
            "DELETE", "/sessions", headers=ada.bearer, params={"except": text}
        )
        assert ended.status_code == 400, text

    assert content(database) == before
    assert await bob.is_signed_in()


async def test_a_search_knows_no_wildcards(ada: Person, bob: Person) -> None:
    assert bob.email == "bob@example.com"

    for text in ("%", "_", "%bob%", "b%", "b_b@example.com", "*", "b*", ".*", "[a-z]", "b?b"):
        answer = await ada.get("/users", params={"search": text})
        assert answer.json()["users"] == [], text


@pytest.mark.requirement(84)
async def test_no_text_in_a_cookie_or_header_is_a_credential(
    anybody: httpx.AsyncClient, bob: Person, eve: Person, database: Database
) -> None:
    before = content(database)
    headers = [
        (name, prefix + text.encode())
        for text in TEXTS
        for name, prefix in ((b"Cookie", COOKIE.encode() + b"="), (b"Authorization", b"Bearer "))
    ]

    for name, value in headers:
        for method, path, status in (
            ("POST", "/auth/refresh", 401),
            ("GET", "/profile", 401),
            ("POST", "/auth/logout", 200),
        ):
            answer = await anybody.request(method, path, headers={name: value})
            assert answer.status_code == status, (path, value)

    assert content(database) == before
    for person in (bob, eve):
        assert (await person.refresh()).status_code == 200


async def test_a_user_agent_is_kept_as_text_and_nothing_else(
    service: Service, bob: Person, database: Database
) -> None:
    tables = database.tables()
    for text in TEXTS:
        said = text.encode().strip() or b"x"
        headers = {b"User-Agent": said}
        answer = await service.client().post("/auth/login", json=bob.credentials, headers=headers)
        bob.access_token = answer.json()["accessToken"]
        session = (await bob.profile()).json()["session"]
        text_of = said.decode("latin-1")
        assert session["userAgent"] == "".join(c if c.isprintable() else " " for c in text_of)

    assert database.tables() == tables
