"""Behind PgBouncer in transaction mode: every transaction may be in another session of the server."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from keystead.domain.store import Store
from keystead.domain.tokens import Rotated
from keystead.domain.user import UserQuery
from keystead.store.postgres import PostgresStore
from tests.databases import NoServer
from tests.databases.pgbouncer import pgbouncer
from tests.databases.postgres import PostgresDatabase
from tests.store.contract_admins import AdminPromises
from tests.store.contract_rotation import RotationPromises
from tests.store.postgres_stores import at_port, connector_of, open_postgres
from tests.store.samples import CAP, IDLE, NOW, added, new_session, opened


@pytest.fixture(params=[1, 3], ids=["one session", "three sessions"])
def url(request: pytest.FixtureRequest, postgres: PostgresDatabase) -> Iterator[str]:
    """The test's database, through PgBouncer with as many sessions of the server."""
    yield from through(postgres, request.param)


def through(postgres: PostgresDatabase, sessions: int) -> Iterator[str]:
    try:
        with pgbouncer(postgres.url, sessions) as port:
            yield at_port(postgres.url, port)
    except NoServer as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))


async def test_the_startup_parameters_that_it_refuses_stop_no_connection(url: str) -> None:
    with pytest.raises(asyncpg.ProtocolViolationError):
        await asyncpg.connect(url, server_settings={"statement_timeout": "4000"})

    async with open_postgres(url) as store:
        await store.check()
        assert connector_of(store)._settings == {}


async def test_two_processes_never_run_each_others_statements(url: str) -> None:
    async with open_postgres(url) as store, open_postgres(url) as other:
        users = [await added(store, f"bob{n}@example.com") for n in range(10)]
        sessions = [await opened(other, user) for user in users]
        for _ in range(20):
            # In another order in each process, so that counted names would mean something else.
            found = await asyncio.gather(
                *(store.find_user(user.id) for user in users),
                *(other.list_sessions(user.id, NOW) for user in users),
                *(other.find_user(user.id) for user in users),
                *(store.list_sessions(user.id, NOW) for user in users),
            )
            lists = [[session] for session in sessions]
            assert found == [*users, *lists, *users, *lists]


async def test_a_session_without_our_statements_ends_the_use_of_names(
    postgres: PostgresDatabase, url: str
) -> None:
    async with open_postgres(url) as store:
        bob = await added(store)
        await store.find_user(bob.id)
        # The server's sessions are replaced behind PgBouncer's clients, who keep their connections.
        postgres.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert await store.find_user(bob.id) == bob

        session = await opened(store, bob)
        assert await store.list_users(UserQuery(10)) == [bob]
        outcome = await store.rotate_refresh_token(session.id, 0, NOW, NOW + IDLE)
        assert isinstance(outcome, Rotated)


async def test_many_at_once_share_few_sessions(url: str) -> None:
    async with open_postgres(url, 20) as store, open_postgres(url, 20) as other:
        bob = await added(store)
        sessions = [new_session(bob) for _ in range(40)]

        outcomes = await asyncio.gather(
            *(
                (store, other)[n % 2].open_session(each, CAP, record=None)
                for n, each in enumerate(sessions)
            )
        )

        assert outcomes == [True] * 40
        assert len(await store.list_sessions(bob.id, NOW)) == 40


async def test_the_schema_is_made_through_it(postgres: PostgresDatabase, url: str) -> None:
    await asyncio.gather(*(PostgresStore(url, 1).migrate() for _ in range(3)))

    assert postgres.run("SELECT count(*) AS n FROM alembic_version") == [{"n": 1}]


class TestThroughPgbouncer(RotationPromises, AdminPromises):
    @pytest.fixture
    def shared(self, postgres: PostgresDatabase) -> Iterator[str]:
        yield from through(postgres, 2)

    @pytest.fixture
    async def store(self, shared: str) -> AsyncIterator[Store]:
        async with open_postgres(shared) as store:
            yield store

    @pytest.fixture
    async def another_store(self, shared: str) -> AsyncIterator[Store]:
        async with open_postgres(shared) as store:
            yield store
