"""Listing accounts, a page at a time (OWASP API Security Top 10 2023, API4)."""

import asyncio
import base64
from typing import Any

import pytest

from keystead.domain.user import Role
from tests.conftest import Service
from tests.people import Person
from tests.web.expect import MANAGED_USER, assert_problem

AT_ONCE = 8
"""Registrations side by side: more than the hashing queue holds would be turned away."""


async def page(admin: Person, **query: object) -> dict[str, Any]:
    answer = await admin.get("/users", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def addresses(body: dict[str, Any]) -> list[str]:
    return [user["email"] for user in body["users"]]


async def register(service: Service, *names: str) -> list[str]:
    """Register *name*@example.com for each, and return their ids in that order."""
    # Each from an address of its own: one alone may not make that many.
    people = [
        Person(service.client(f"198.51.100.{n}"), f"{name}@example.com")
        for n, name in enumerate(names)
    ]
    for start in range(0, len(people), AT_ONCE):
        await asyncio.gather(*(person.register() for person in people[start : start + AT_ONCE]))
    return [person.id for person in people]


async def test_the_list_is_a_page_of_accounts(ada: Person, bob: Person) -> None:
    body = await page(ada)

    assert set(body) == {"message", "users", "nextCursor"}
    assert body["message"] == "Users fetched successfully"
    assert all(set(user) == MANAGED_USER for user in body["users"])
    assert [user["_id"] for user in body["users"]] == [ada.id, bob.id]
    assert body["nextCursor"] is None


async def test_pages_follow_one_another_to_the_end(service: Service, ada: Person) -> None:
    await register(service, "d", "b", "e", "c")

    first = await page(ada, limit=2)
    second = await page(ada, limit=2, cursor=first["nextCursor"])
    third = await page(ada, limit=2, cursor=second["nextCursor"])

    assert addresses(first) == ["ada@example.com", "b@example.com"]
    assert addresses(second) == ["c@example.com", "d@example.com"]
    assert addresses(third) == ["e@example.com"]
    assert third["nextCursor"] is None
    exact = await page(ada, limit=5)
    assert len(exact["users"]) == 5
    assert exact["nextCursor"] is None


async def test_a_page_neither_skips_nor_repeats_while_accounts_come_and_go(
    service: Service, ada: Person
) -> None:
    ids = await register(service, "b", "c", "d", "e")
    first = await page(ada, limit=2)

    await register(service, "a", "bb", "dd")
    await ada.delete(f"/users/{ids[0]}")  # the very one the cursor stands on

    second = await page(ada, limit=3, cursor=first["nextCursor"])
    assert addresses(second) == ["bb@example.com", "c@example.com", "d@example.com"]


@pytest.mark.parametrize(
    "limit", ["0", "-1", "101", "1000000000", "1e9", "a", "", "1.5", "٣", "0x10"]
)
async def test_a_page_has_between_one_and_a_hundred_accounts(ada: Person, limit: str) -> None:
    answer = await ada.get("/users", params={"limit": limit})

    assert_problem(answer, 400, "input_invalid", "limit")


async def test_a_page_has_fifty_accounts_unless_told_otherwise(
    service: Service, ada: Person
) -> None:
    await register(service, *(f"user{number:03}" for number in range(110)))

    assert len((await page(ada))["users"]) == 50
    assert len((await page(ada, limit=1))["users"]) == 1
    assert len((await page(ada, limit=100))["users"]) == 100


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%",
        "ada@example.com",
        "null",
        "====",
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b"b\0@example.com").decode(),
        base64.urlsafe_b64encode(b"bob@example.com").decode() + "=",
        " Ym9i",
        "Ym9j\n",
        "Ym9jYh",
    ],
)
async def test_a_cursor_is_one_that_was_given(ada: Person, cursor: str) -> None:
    answer = await ada.get("/users", params={"cursor": cursor})

    assert_problem(answer, 400, "cursor_invalid")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("cursor=" + "x" * 1401, "cursor"),
        ("search=" + "x" * 255, "search"),
        ("role=emperor", "role"),
        ("role=", "role"),
        ("status=gone", "status"),
        ("serach=bob", "serach"),
        ("limit[]=1", "limit[]"),
        ("limit=1&limit=100", "query"),
        ("search[$ne]=x", "search[$ne]"),
        ("page=2", "page"),
    ],
)
async def test_a_query_that_is_not_understood_is_not_guessed_at(
    ada: Person, query: str, field: str
) -> None:
    assert_problem(await ada.get(f"/users?{query}"), 400, "input_invalid", field)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("bo", ["bo_b@example.com", "bob@example.com", "bobby@example.com"]),
        ("BOB", ["bob@example.com", "bobby@example.com"]),
        ("  bob@ ", ["bob@example.com"]),
        ("bob@example.com", ["bob@example.com"]),
        ("ob", []),
        ("%", []),
        ("b_b", []),
        ("bo_", ["bo_b@example.com"]),
        ("*", []),
        ("b\0", []),
        ("' OR 1=1 --", []),
        ("É", ["élan@example.com"]),
        ("E\u0301", ["élan@example.com"]),
    ],
)
async def test_search_is_the_beginning_of_an_address_in_any_case(
    service: Service, ada: Person, search: str, found: list[str]
) -> None:
    await register(service, "bob", "bobby", "bo_b", "élan")

    assert addresses(await page(ada, search=search)) == found


async def test_filters_narrow_one_another(service: Service, ada: Person) -> None:
    ids = await register(service, "bob", "bea", "eve")
    carol = await service.person("carol", Role.ADMIN)
    for user_id in (ids[0], ids[2], carol.id):
        await ada.put(f"/users/{user_id}/status", {"status": "disabled"})

    assert addresses(await page(ada, role="admin")) == ["ada@example.com", "carol@example.com"]
    assert addresses(await page(ada, role="admin", status="active")) == ["ada@example.com"]
    assert addresses(await page(ada, role="user", status="disabled", search="b")) == [
        "bob@example.com"
    ]
    assert len((await page(ada, status="disabled"))["users"]) == 3


async def test_filters_hold_on_every_page(service: Service, ada: Person) -> None:
    await register(service, "b1", "c", "b2", "d", "b3")

    first = await page(ada, search="b", role="user", limit=2)
    second = await page(ada, search="b", role="user", limit=2, cursor=first["nextCursor"])

    assert addresses(first) == ["b1@example.com", "b2@example.com"]
    assert addresses(second) == ["b3@example.com"]
    assert second["nextCursor"] is None


async def test_a_long_address_is_a_cursor_too(service: Service, ada: Person) -> None:
    long = f"{'é' * 32}@{'x' * 63}.{'y' * 63}.{'z' * 57}.com"
    assert (await Person(service.client(), long).register()).status_code == 201
    await register(service, "bob", "ü")

    first = await page(ada, limit=3)
    second = await page(ada, limit=3, cursor=first["nextCursor"])

    assert addresses(first) == ["ada@example.com", "bob@example.com", long]
    assert addresses(second) == ["ü@example.com"]


async def test_a_cursor_has_room_for_the_longest_address(ada: Person) -> None:
    """254 characters of four bytes each: more than any address that can be registered."""
    cursor = base64.urlsafe_b64encode(("\U00020000" * 254).encode()).decode().rstrip("=")

    assert (await page(ada, cursor=cursor))["users"] == []
