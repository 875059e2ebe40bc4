"""
One account written in two ways, or two accounts that the database takes for one.

CVE-2019-19844 and its like. What counts is that registering, signing in and
being refused as a duplicate all agree.
"""
# ruff: noqa: RUF001 - characters that look like others are what is tried here.

import asyncio
import base64

import httpx
import pytest

from tests.conftest import Service, StartService
from tests.people import Person

SAME = [
    ("kevin@example.com", "\u212aevin@example.com"),  # The Kelvin sign.
    ("angstrom.å@example.com", "angstrom.\u212b@example.com"),  # The Ångström sign.
    ("josé@example.com", "jose\u0301@example.com"),
    ("josé@example.com", "JOSE\u0301@EXAMPLE.COM"),
    ("bob@example.com", "BOB@Example.COM"),
    ("bob@example.com", " bob@example.com\t"),
    ("bob@example.com", "\u3000bob@example.com\u00a0"),
    ("bob@example.com", "bob@ｅｘａｍｐｌｅ.com"),
    ("bob@example.com", "bob@example。com"),
    ("bob@bücher.example", "bob@xn--bcher-kva.example"),
    ("bob@bücher.example", "bob@BU\u0308CHER.example"),
]

DIFFERENT = [
    ("din@example.com", "d\u0131n@example.com"),  # Dotless i, which SQL upper case folds.
    ("din@example.com", "D\u0130N@example.com"),  # I with a dot, which lower case takes apart.
    ("sam@example.com", "\u017fam@example.com"),  # Long s.
    ("strasse@example.com", "straße@example.com"),
    ("bob@strasse.example", "bob@straße.example"),
    ("bob@example.com", "b\u043eb@example.com"),  # Cyrillic o.
    ("bob@example.com", "ｂｏｂ@example.com"),
    ("bob@example.com", "bob@examp1e.com"),
    ("bob@example.com", "bob+x@example.com"),
]


@pytest.mark.requirement(31)
@pytest.mark.parametrize(("first", "then"), [*SAME, *((b, a) for a, b in SAME)])
async def test_two_spellings_of_one_address_are_one_account(
    service: Service, first: str, then: str
) -> None:
    owner = Person(service.client(), first)
    assert (await owner.register()).status_code == 201
    other = Person(service.client(), then, "something else entirely")

    taken = await other.register()

    assert (taken.status_code, taken.json()["code"]) == (409, "email_taken")
    assert (await other.login()).status_code == 401
    other.password = owner.password
    assert (await other.login()).status_code == 200
    assert (await owner.login()).status_code == 200
    assert other.id == owner.id


@pytest.mark.requirement(31)
@pytest.mark.parametrize(("victim", "lookalike"), DIFFERENT)
async def test_an_address_that_only_looks_alike_opens_nothing(
    service: Service, victim: str, lookalike: str
) -> None:
    owner = Person(service.client(), victim)
    mallory = Person(service.client(), lookalike, "something else entirely")
    assert (await owner.register()).status_code == 201
    assert (await mallory.register()).status_code == 201

    assert (await mallory.login()).status_code == 200
    assert (await owner.login()).status_code == 200
    assert mallory.id != owner.id
    assert (await Person(service.client(), lookalike, owner.password).login()).status_code == 401
    assert (await Person(service.client(), victim, mallory.password).login()).status_code == 401


AMBIGUOUS = [
        "bob@example.com, eve@example.com", "bob@example.com;eve@example.com",
        "bob@example.com\r\nBcc: eve@example.com", "bob@example.com%0aBcc:eve@example.com",
        "bob@eve@example.com", "<bob@example.com>", "Bob <bob@example.com>", '"bob"@example.com',
        "bob@[127.0.0.1]", "bob@localhost", "bob@", "@example.com", "bob", "", "bob@example..com",
        "b\u200bob@example.com", "bob@exam\u200dple.com", "\ufeffbob@example.com",
        "\u202ebob@example.com", "bob@-example.com", ".bob@example.com", "bo..b@example.com",
        "bob@xn--.com", "bob@exa mple.com", "bob @example.com", "\u0301bob@example.com",
    ]  # fmt: skip


@pytest.mark.requirement(32)
async def test_an_address_that_could_be_read_in_two_ways_is_none(
    anybody: httpx.AsyncClient,
) -> None:
    for email in AMBIGUOUS:
        mallory = Person(anybody, email)
        for answer in (await mallory.register(), await mallory.login()):
            assert (answer.status_code, answer.json()["code"]) == (400, "input_invalid"), email
            assert answer.json()["errors"][0]["field"] == "email"


@pytest.mark.requirement(31)
async def test_of_parallel_registrations_in_many_spellings_one_succeeds(
    start: StartService,
) -> None:
    servers = [await start(throttle="off"), await start(throttle="off")]
    spellings = [
        "kevin@example.com",
        "KEVIN@example.com",
        "\u212aevin@example.com ",
        " Kevin@EXAMPLE.com",
    ]
    everybody = [
        Person(servers[n % 2].client(), spellings[n // 2 % 4], f"a password of number {n}")
        for n in range(24)
    ]

    answers = await asyncio.gather(*(person.register() for person in everybody))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 23
    logins = [await person.login() for person in everybody]
    assert [login.status_code == 200 for login in logins] == [a.status_code == 201 for a in answers]


@pytest.mark.requirement(31)
async def test_paging_and_search_know_the_same_form(ada: Person, service: Service) -> None:
    await Person(service.client(), "\u212aevin@ｅｘａｍｐｌｅ.com").register()

    found = await ada.get("/users", params={"search": "KEVIN@EXAMPLE.com"})
    page = await ada.get("/users", params={"limit": 1})

    assert [user["email"] for user in found.json()["users"]] == ["kevin@example.com"]
    cursor = page.json()["nextCursor"]
    assert base64.urlsafe_b64decode(cursor + "==").decode() == "ada@example.com"
