"""Asking for everything at once, or for a page that was never there (OWASP API4:2023, ASVS 2.4.1)."""

import base64

import pytest

from tests.conftest import Service
from tests.databases import Database
from tests.people import Person

MANY = 250


@pytest.fixture
def crowd(database: Database, ada: Person) -> Person:
    """Ada, with many others in the database."""
    person = {"role": "user", "status": "active", "created_at": 0, "updated_at": 0,
              "password_hash": "x", "pepper_id": 1}  # fmt: skip
    numbers = range(MANY)
    ids = [{"id": f"00000000-0000-7000-8000-{n:012}"} for n in numbers]
    database.add(
        "users", [{**ids[n], "email": f"person{n:05}@example.com", **person} for n in numbers]
    )
    return ada


async def test_without_a_limit_a_page_is_small(crowd: Person) -> None:
    answer = await crowd.get("/users")

    assert len(answer.json()["users"]) == 50
    assert answer.json()["nextCursor"]


LIMITS = ["101", "1000000000", "9" * 400, "0", "-1", "-0", "a", "", " ", "1e2", "0x10", "1.5", "NaN",
     "Infinity", "null", "1,000", "100; DROP TABLE users", "[100]", "\u0663", "\uff11\uff10", "true", "%00"]  # fmt: skip


@pytest.mark.requirement(83)
async def test_no_limit_gets_more_than_a_hundred(crowd: Person) -> None:
    for limit in LIMITS:
        answer = await crowd.get("/users", params={"limit": limit})
        if answer.status_code == 200:
            assert len(answer.json()["users"]) <= 100, limit
        else:
            assert (answer.status_code, answer.json()["code"]) == (400, "input_invalid"), limit


async def test_two_limits_are_none(crowd: Person) -> None:
    answer = await crowd.get("/users", params=[("limit", "10"), ("limit", "1000")])

    assert (answer.status_code, answer.json()["code"]) == (400, "input_invalid")


async def test_what_is_no_parameter_is_refused(crowd: Person) -> None:
    for name in [
        "page",
        "offset",
        "skip",
        "size",
        "sort",
        "fields",
        "limit[]",
        "$where",
        "Limit",
        "limit ",
    ]:
        assert (await crowd.get("/users", params={name: "1000"})).status_code == 400, name


@pytest.mark.requirement(83)
async def test_the_pages_show_everybody_once_while_others_come_and_go(
    crowd: Person, service: Service
) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": "100", **({"cursor": cursor} if cursor else {})}
        page = (await crowd.get("/users", params=params)).json()
        seen += [user["email"] for user in page["users"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
        await Person(service.client(), f"aaa{len(seen)}@example.com").register()

    people = [email for email in seen if email.startswith("person")]
    assert len(people) == len(set(people)) == MANY
    assert len(seen) == len(set(seen))


CURSORS = [
        "x", "=", "a===", "AAAA====", "%00", "null", "-1", "0", "é", "YWRh\n", " YWRh", "YWRh=",
        "YW Rh", "YWR", "////", "____", base64.urlsafe_b64encode(b"a\0b").decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode().rstrip("="), "A" * 401, "A" * 10_000,
        base64.urlsafe_b64encode(b"\xed\xa0\x80").decode().rstrip("="),
    ]  # fmt: skip


@pytest.mark.requirement(83)
async def test_a_cursor_that_no_page_gave_is_refused(crowd: Person) -> None:
    for cursor in CURSORS:
        answer = await crowd.get("/users", params={"cursor": cursor})
        assert answer.status_code == 400, cursor
        assert answer.json()["code"] in {"cursor_invalid", "input_invalid"}


async def test_a_cursor_made_up_is_a_place_in_the_order_and_nothing_more(crowd: Person) -> None:
    for position in ("' OR 1=1 --", "'; DROP TABLE users; --", "zz", "\U0010ffff", "%", "\n", "{}"):
        cursor = base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")
        answer = await crowd.get("/users", params={"cursor": cursor})
        assert answer.status_code == 200
        assert all(user["email"] > position for user in answer.json()["users"])

    assert len((await crowd.get("/users")).json()["users"]) == 50


async def test_a_user_gets_no_page_whatever_they_ask(crowd: Person, bob: Person) -> None:
    cursor = (await crowd.get("/users")).json()["nextCursor"]
    for params in ({}, {"cursor": cursor}, {"limit": "1"}, {"search": bob.email}, {"limit": "x"}):
        answer = await bob.get("/users", params=params)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
