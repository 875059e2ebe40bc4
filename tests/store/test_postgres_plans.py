"""What a query costs: it goes by an index, and a request is one statement."""

import asyncio
import json
from itertools import product

import pytest

from keystead.domain.tokens import Rotated, Superseded
from keystead.domain.user import EmailAddress, Role, Status, UserQuery
from keystead.store import sql
from tests.databases.postgres import PostgresDatabase, PostgresServer
from tests.store.postgres_stores import open_postgres
from tests.store.samples import CAP, IDLE, NOW, added, new_session, opened

USERS = 4000
SESSIONS = 8000

KEYED = {
    "FIND_USER": sql.FIND_USER,
    "FIND_CREDENTIALS": sql.FIND_CREDENTIALS,
    "FIND_SESSION": sql.FIND_SESSION,
    "FIND_SESSIONS": sql.Postgres.FIND_SESSIONS,
    "LIST_SESSIONS": sql.LIST_SESSIONS,
    "HAS_ADMIN": sql.HAS_ADMIN,
    "TOUCH_SESSION": sql.TOUCH_SESSION,
    "CLOSE_SESSION": sql.CLOSE_SESSION,
    "CLOSE_OWN_SESSION": sql.CLOSE_OWN_SESSION,
    "CLOSE_SESSIONS": sql.CLOSE_SESSIONS,
    "EVICT_SESSIONS": sql.EVICT_SESSIONS,
    "REPLACE_PASSWORD_HASH": sql.REPLACE_PASSWORD_HASH,
    "CHANGE_ROLE": sql.CHANGE_ROLE,
    "CHANGE_STATUS": sql.CHANGE_STATUS,
    "DELETE_USER": sql.DELETE_USER,
    "OPEN_SESSION": sql.Postgres.OPEN_SESSION,
    "ROTATE_REFRESH_TOKEN": sql.Postgres.ROTATE_REFRESH_TOKEN,
    "PURGE_EXPIRED": sql.Postgres.PURGE_EXPIRED,
}

COMBINATIONS = [
    UserQuery(10, after, search, role, status)
    for after, search, role, status in product(
        (None, EmailAddress("bob03900@example.com")),
        (None, "bob03"),
        (None, Role.USER),
        (None, Status.ACTIVE),
    )
]


@pytest.fixture
def crowded(postgres: PostgresDatabase) -> PostgresDatabase:
    postgres.run(f"""
        INSERT INTO users SELECT n::text, 'bob' || lpad(n::text, 5, '0') || '@example.com',
            CASE WHEN n = 7 THEN 'admin' ELSE 'user' END, 'active', n, n, 'x', 1
        FROM generate_series(1, {USERS}) AS n
    """)
    postgres.run(f"""
        INSERT INTO sessions (id, user_id, generation, salt, created_at, last_active_at, expires_at,
            ends_at)
        SELECT n::text, (n % {USERS} + 1)::text, 0, '', n, n, n, n
        FROM generate_series(1, {SESSIONS}) AS n
    """)
    postgres.run("ANALYZE users, sessions")
    return postgres


def plan(database: PostgresDatabase, query: str) -> list[dict[str, object]]:
    """Return the steps of the plan that serves every value: the one that is kept after some uses."""
    database.run("SET plan_cache_mode = force_generic_plan")
    database.run(f"PREPARE of_the_test AS {query}")
    try:
        count = max((n for n in range(1, 20) if f"${n}" in query), default=0)
        values = f"({', '.join(['NULL'] * count)})" if count else ""
        found = database.run(f"EXPLAIN (FORMAT JSON) EXECUTE of_the_test{values}")
    finally:
        database.run("DEALLOCATE of_the_test")
        database.run("RESET plan_cache_mode")
    steps = [json.loads(found[0]["QUERY PLAN"])[0]["Plan"]]
    for step in steps:  # Grows while it is walked.
        steps += step.get("Plans", [])
    return steps


@pytest.mark.parametrize("name", KEYED)
def test_every_query_goes_by_an_index(crowded: PostgresDatabase, name: str) -> None:
    steps = plan(crowded, KEYED[name])

    assert any("Index" in str(step["Node Type"]) for step in steps)
    assert not [step for step in steps if step["Node Type"] == "Seq Scan"], steps
    # A few rows of one user, or the admins, may be sorted; never a table.
    sorted_rows = [step["Plan Rows"] for step in steps if step["Node Type"] == "Sort"]
    assert all(int(str(rows)) <= 100 for rows in sorted_rows)


@pytest.mark.parametrize("query", COMBINATIONS, ids=str)
def test_every_combination_of_filters_reads_one_index_in_order(
    crowded: PostgresDatabase, query: UserQuery
) -> None:
    steps = plan(crowded, sql.list_users(query)[0])

    assert [step["Node Type"] for step in steps] == ["Limit", "Index Scan"], steps


async def test_a_profile_is_one_statement_and_a_refresh_one_and_one(
    postgres_server: PostgresServer, postgres: PostgresDatabase
) -> None:
    if postgres_server.cluster is None:
        pytest.skip("the log of the server at TEST_POSTGRES_URL cannot be read")
    name = postgres.run("SELECT current_database() AS name")[0]["name"]
    postgres.run(f"ALTER DATABASE {name} SET log_statement = 'all'")
    try:
        async with open_postgres(postgres.url, 1) as store:
            bob = await added(store)
            session = await opened(store, bob)
            log = postgres_server.cluster

            def statements(since: int) -> int:
                lines = log.log[since:].splitlines()
                return sum("execute keystead_" in line or "statement: " in line for line in lines)

            for _ in range(2):  # The first time it is prepared.
                begun = len(log.log)
                assert await store.find_session(session.id)
            assert statements(begun) == 1

            begun = len(log.log)
            found = await asyncio.gather(*(store.find_session(session.id) for _ in range(20)))
            assert None not in found
            assert statements(begun) == 1

            for n in range(2):
                begun = len(log.log)
                outcome = await store.rotate_refresh_token(session.id, n, NOW, NOW + IDLE)
                assert isinstance(outcome, Rotated)
            assert statements(begun) == 1

            begun = len(log.log)
            outcome = await store.rotate_refresh_token(session.id, 1, NOW, NOW + IDLE)
            assert isinstance(outcome, Superseded)
            assert statements(begun) == 2

            begun = len(log.log)
            assert await store.open_session(new_session(bob), CAP, record=None)
            assert statements(begun) == 4  # BEGIN, the session, the oldest ones, COMMIT.
    finally:
        postgres.run(f"ALTER DATABASE {name} RESET log_statement")
