"""Few connections for many callers: bounded waiting, and nobody gets the answer of somebody else."""

import asyncio
import time
from contextlib import suppress

import pytest

from keystead.domain.errors import StoreDown
from keystead.store.postgres_errors import Busy
from keystead.store.postgres_pool import MAX_WAITING
from tests.databases.postgres import PostgresDatabase
from tests.store.postgres_stores import all_taken, open_postgres, pool_of, runner_of
from tests.store.samples import HASH, added, new_user, opened


def connections(database: PostgresDatabase) -> int:
    """Count those of the program under test."""
    query = "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'keystead'"
    return int(database.run(query)[0]["n"])


def are_gone(database: PostgresDatabase) -> bool:
    """Give the server a moment to let go of connections that were closed."""
    for _ in range(500):
        if not connections(database):
            return True
        time.sleep(0.01)
    return False


async def test_who_gets_no_connection_is_told_within_five_seconds(
    postgres: PostgresDatabase,
) -> None:
    async with open_postgres(postgres.url, 2) as store, all_taken(store):
        begun = time.monotonic()

        outcomes = await asyncio.gather(*(store.check() for _ in range(50)), return_exceptions=True)

        assert time.monotonic() - begun < 5
        assert {type(outcome) for outcome in outcomes} == {StoreDown}
        assert all(isinstance(outcome.__cause__, Busy) for outcome in outcomes if outcome)
        assert not pool_of(store)._waiting


async def test_who_comes_when_very_many_wait_is_refused_at_once(
    postgres: PostgresDatabase,
) -> None:
    async with open_postgres(postgres.url, 1) as store:
        async with all_taken(store):
            waiting = [asyncio.create_task(store.check()) for _ in range(MAX_WAITING)]
            await asyncio.sleep(0)
            begun = time.monotonic()
            with pytest.raises(StoreDown):
                await store.check()
            assert time.monotonic() - begun < 1
        # Their turn has come, as far as two seconds reach on a busy machine.
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert outcomes[:10] == [None] * 10
        assert {type(outcome) for outcome in outcomes} <= {type(None), StoreDown}


async def test_a_pool_never_has_more_connections_than_it_may(postgres: PostgresDatabase) -> None:
    async with open_postgres(postgres.url, 3) as store:
        most = 0
        jobs = [
            asyncio.create_task(store.add_user(new_user(f"{n}@x.com"), HASH, record=None))
            for n in range(60)
        ]
        while not all(job.done() for job in jobs):
            most = max(most, await asyncio.to_thread(connections, postgres))
        await asyncio.gather(*jobs)

        assert 1 < most <= 3
    assert await asyncio.to_thread(are_gone, postgres)


async def test_who_stops_waiting_takes_no_connection_along(postgres: PostgresDatabase) -> None:
    async with open_postgres(postgres.url, 1) as store:
        for _ in range(20):
            async with all_taken(store):
                waiting = [asyncio.create_task(store.check()) for _ in range(10)]
                await asyncio.sleep(0)
            # In the moment that a connection is handed to the first of them.
            for job in waiting[::2]:
                job.cancel()
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)
            assert outcomes[1::2] == [None] * 5

        assert pool_of(store)._made == 1
        await store.check()


async def test_after_thousands_of_cancelled_queries_everybody_gets_their_own_answer(
    postgres: PostgresDatabase,
) -> None:
    async with open_postgres(postgres.url, 4) as store:
        users = [await added(store, f"bob{n}@example.com") for n in range(20)]
        sessions = [await opened(store, user) for user in users]

        async def ask(number: int, patience: float | None) -> None:
            n = number % len(users)
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    found = await store.find_session(sessions[n].id)
                    assert found is not None
                    assert found.user == users[n]
                    assert found.session == sessions[n]

        for batch in range(60):
            # Some wait for ever, the others between nothing and some queries' time.
            await asyncio.gather(
                *(
                    ask(batch + n, None if n % 10 == 0 else (n * 7 + batch) % 50 / 5000)
                    for n in range(50)
                )
            )

        assert [await store.find_user(user.id) for user in users] == users
        assert pool_of(store)._made <= 4
        assert not runner_of(store)._under_way


async def test_a_write_that_is_given_up_is_there_as_a_whole_or_not_at_all(
    postgres: PostgresDatabase,
) -> None:
    async with open_postgres(postgres.url, 4) as store:
        bob = await added(store)
        for n in range(40):
            job = asyncio.create_task(opened(store, bob))
            await asyncio.sleep(n / 5000)
            job.cancel()
            await asyncio.gather(job, return_exceptions=True)

        # Nobody holds a lock on the user any more.
        session = await opened(store, bob)
        found = await store.find_session(session.id)
        assert found is not None
        assert found.user == bob
