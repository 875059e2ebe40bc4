"""
A check that cannot be made: nobody gets in, and nobody is told that their token is bad.

OWASP ASVS 16.5.2 (fail closed); RFC 9110 section 15.6.4.
"""

from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest

from tests.conftest import Service
from tests.databases import Database
from tests.databases.sqlite import SqliteDatabase
from tests.people import Person

Attempt = Callable[[], Coroutine[Any, Any, httpx.Response]]


@pytest.mark.requirement(87)
async def test_while_the_database_does_not_answer_nobody_gets_in_and_nobody_is_signed_out(
    service: Service, ada: Person, bob: Person, database: Database
) -> None:
    with database.broken() as reason:
        answers = [await ask() for ask in attempts(service, ada, bob)]

    assert_all_unavailable(answers, reason)
    assert await bob.is_signed_in()
    assert (await bob.refresh()).status_code == 200


@pytest.mark.only_on(
    "sqlite", because="what is left when one table is gone differs for each database"
)
@pytest.mark.parametrize("table", ["users", "sessions"])
async def test_half_a_database_is_none(
    service: Service, ada: Person, bob: Person, database: SqliteDatabase, table: str
) -> None:
    asking = attempts(service, ada, bob)
    with database.without(table) as reason:
        answers = [await ask() for ask in asking]

    assert_all_unavailable(answers, reason)
    assert await bob.is_signed_in()
    assert (await bob.refresh()).status_code == 200


def attempts(service: Service, ada: Person, bob: Person) -> list[Attempt]:
    return [
        bob.profile,
        lambda: ada.get("/users"),
        lambda: ada.get("/sessions"),
        bob.refresh,
        Person(service.client(), bob.email, bob.password).login,
        lambda: bob.client.post("/auth/logout", headers=bob.bearer),
    ]


def assert_all_unavailable(answers: list[httpx.Response], reason: str) -> None:
    assert [answer.status_code for answer in answers] == [503] * len(answers)
    for answer in answers:
        assert answer.json()["code"] == "store_unavailable"
        assert int(answer.headers["retry-after"]) >= 1
        assert "set-cookie" not in answer.headers
        assert "www-authenticate" not in answer.headers
        assert reason not in answer.text


async def test_the_front_door_does_not_call_itself_well_with_the_database_down(
    service: Service, database: Database
) -> None:
    client = service.client()
    with database.broken():
        root, ready, live = [await client.get(path) for path in ("/", "/readyz", "/livez")]

    assert root.json()["status"] == "degraded"
    assert (ready.status_code, live.status_code) == (503, 200)
    assert (await client.get("/")).json()["status"] == "ok"
