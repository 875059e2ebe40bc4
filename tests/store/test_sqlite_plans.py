"""What a query costs: it goes by an index, and a page costs the same however many users there are."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest

from keystead.domain.audit import AuditQuery
from keystead.domain.user import EmailAddress, Role, Status, UserId, UserQuery
from keystead.store import audit_queries, overview_queries, sql
from tests.store.sqlite_files import open_sqlite

QUERIES = {
    prefix + name: text
    for prefix, module in (("", sql), ("AUDIT_", audit_queries), ("OVERVIEW_", overview_queries))
    for name, text in vars(module).items()
    if isinstance(text, str) and text.strip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))
}
MAY_SCAN = {"CHECK", "COUNT", "COUNT_HASHES", "AUDIT_COUNT"}
"""The one takes the first row it comes across; the others count for a command, never for a request."""

OF_A_COUNT = {"SCAN CONSTANT ROW", "SCAN found"}
"""No table: what a subquery has found, up to its limit. Its own steps are looked at as well."""

NO_TABLE = "SCAN CONSTANT ROW"
"""A SELECT that only puts others together."""

COMBINATIONS = [
    UserQuery(10, after, search, role, status)
    for after, search, role, status in product(
        (None, EmailAddress("bob03900@example.com")),
        (None, "bob", "bob03"),
        (None, Role.USER),
        (None, Status.ACTIVE),
    )
]
STEPS_FOR_A_PAGE = 400
"""Of SQLite's virtual machine: about 140 for ten rows. Reading all 4,000 users takes 20,000."""


@pytest.fixture
async def db(file: Path) -> AsyncIterator[sqlite3.Connection]:
    async with open_sqlite(file):
        pass
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        yield db


@pytest.fixture
def crowded(db: sqlite3.Connection) -> sqlite3.Connection:
    db.execute("BEGIN")
    for n in range(4000):
        user = (f"{n}", f"bob{n:05}@example.com", "user", "active", 1, 1, "x", 1)
        db.execute("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?, ?)", user)
    db.execute("COMMIT")
    return db


def plan(db: sqlite3.Connection, query: str) -> list[str]:
    text = query.replace("$", "?")
    count = max((n for n in range(1, 20) if f"?{n}" in text), default=0)
    return [step for *_, step in db.execute(f"EXPLAIN QUERY PLAN {text}", (None,) * count)]


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_goes_by_an_index(db: sqlite3.Connection, name: str) -> None:
    for step in plan(db, QUERIES[name]):
        assert name in MAY_SCAN or step in OF_A_COUNT or not step.startswith("SCAN"), step
        assert "TEMP B-TREE" not in step
        assert not step.startswith("SEARCH") or " USING " in step


def test_the_queries_are_found() -> None:
    assert {"AUDIT_ADD", "AUDIT_LIST_UNSEALED", "AUDIT_TRIM"} <= QUERIES.keys()
    assert {"ADD_USER", "FIND_SESSION", "ROTATE_REFRESH_TOKEN", "PURGE_EXPIRED"} <= QUERIES.keys()


@pytest.mark.parametrize("query", COMBINATIONS, ids=str)
def test_every_combination_of_filters_reads_one_index_in_order(
    db: sqlite3.Connection, query: UserQuery
) -> None:
    steps = plan(db, sql.list_users(query)[0])

    everybody = UserQuery(query.limit)
    how = "SCAN" if query == everybody else "SEARCH"
    assert len(steps) == 1
    assert steps[0].startswith(f"{how} users USING INDEX")


@pytest.mark.parametrize("before", [None, "x"])
@pytest.mark.parametrize("filtered", [{}, {"actor": "x"}, {"subject": "x"}, {"name": "x"}])
def test_the_audit_log_is_listed_by_an_index_that_has_the_order(
    db: sqlite3.Connection, before: str | None, filtered: dict[str, UserId]
) -> None:
    steps = plan(db, audit_queries.list_records(AuditQuery(10, before, **filtered))[0])

    assert len(steps) == 1
    assert f"audit_by_{next(iter(filtered), '')}" in steps[0] or not filtered


@pytest.mark.parametrize("query", COMBINATIONS, ids=str)
def test_a_page_costs_the_same_wherever_it_lies(
    crowded: sqlite3.Connection, query: UserQuery
) -> None:
    text, parameters = sql.list_users(query)
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    crowded.set_progress_handler(count, 1)
    found = crowded.execute(text.replace("$", "?"), parameters).fetchall()
    crowded.set_progress_handler(None, 1)

    assert len(found) == 10
    assert steps < STEPS_FOR_A_PAGE
