"""
A check that cannot be made: nobody gets in, and nobody is told that their token is bad.

OWASP ASVS 16.5.2 (fail closed); RFC 9110 section 15.6.4.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.attacks.evidence import query
from tests.conftest import Service
from tests.people import Person


@contextmanager
def without_table(database: Path, table: str) -> Iterator[None]:
    """Break the database under the running service."""
    query(database, f"ALTER TABLE {table} RENAME TO away")
    try:
        yield
    finally:
        query(database, f"ALTER TABLE away RENAME TO {table}")


@pytest.mark.parametrize("table", ["users", "sessions"])
async def test_while_the_database_does_not_answer_nobody_gets_in_and_nobody_is_signed_out(
    service: Service, ada: Person, bob: Person, database: Path, table: str
) -> None:
    with without_table(database, table):
        answers = [
            await bob.profile(),
            await ada.get("/users") if table == "users" else await ada.get("/sessions"),
            await bob.refresh(),
            await Person(service.client(), bob.email, bob.password).login(),
            await bob.client.post("/auth/logout", headers=bob.bearer),
        ]

    assert [answer.status_code for answer in answers] == [503] * len(answers)
    for answer in answers:
        assert answer.json()["code"] == "store_unavailable"
        assert int(answer.headers["retry-after"]) >= 1
        assert "set-cookie" not in answer.headers
        assert "www-authenticate" not in answer.headers
        assert "no such table" not in answer.text
    assert await bob.is_signed_in()
    assert (await bob.refresh()).status_code == 200


async def test_the_front_door_does_not_call_itself_well_with_the_database_down(
    service: Service, database: Path
) -> None:
    client = service.client()
    with without_table(database, "users"):
        root, ready, live = [await client.get(path) for path in ("/", "/readyz", "/livez")]

    assert root.json()["status"] == "degraded"
    assert (ready.status_code, live.status_code) == (503, 200)
    assert (await client.get("/")).json()["status"] == "ok"
