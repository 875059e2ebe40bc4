"""The server goes away, stands still, comes back: told in time, and healed without a restart."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from keystead.domain.errors import StoreDown
from keystead.domain.tokens import Rotated
from keystead.domain.transfer import Transfer
from keystead.store.postgres import PostgresStore
from tests.databases.postgres import PostgresDatabase
from tests.databases.postgres_server import Cluster, cluster
from tests.server.fault_proxy import FaultProxy
from tests.store.contract_failure import VERBS
from tests.store.postgres_stores import open_postgres, over, pool_of
from tests.store.samples import HASH, IDLE, NOW, added, new_user, opened

IN_TIME_SECONDS = 5.0


async def all_verbs(store: Transfer) -> list[object]:
    """Call every verb at once."""
    return await asyncio.gather(*(call(store) for call in VERBS.values()), return_exceptions=True)


@pytest.mark.parametrize("pool", [2, len(VERBS)])
async def test_a_server_that_stands_still_is_down_for_every_verb_within_five_seconds(
    postgres: PostgresDatabase, wire: FaultProxy, pool: int
) -> None:
    async with open_postgres(over(wire, postgres), pool) as store:
        await asyncio.gather(*(store.check() for _ in range(pool)))
        wire.stall()
        begun = time.monotonic()

        outcomes = await all_verbs(store)

        assert time.monotonic() - begun < IN_TIME_SECONDS
        assert {type(outcome) for outcome in outcomes} == {StoreDown}
        assert all(str(outcome.__cause__) for outcome in outcomes if isinstance(outcome, StoreDown))
        wire.resume()
        await store.check()


async def test_a_statement_that_takes_too_long_is_given_up_by_the_server(
    postgres: PostgresDatabase,
) -> None:
    async with open_postgres(postgres.url, 1) as store:
        bob = await added(store)
        with database_lock(postgres):
            begun = time.monotonic()
            with pytest.raises(StoreDown) as down:
                await store.find_user(bob.id)
            assert time.monotonic() - begun < IN_TIME_SECONDS
        assert getattr(down.value.__cause__, "sqlstate", None) == "57014"
        assert await store.find_user(bob.id) == bob


@contextmanager
def database_lock(database: PostgresDatabase) -> Iterator[None]:
    """Somebody else's transaction that lets nobody read users."""
    database.run("BEGIN")
    database.run("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
    try:
        yield
    finally:
        database.run("ROLLBACK")


async def test_the_first_request_after_an_outage_is_answered(
    postgres: PostgresDatabase, wire: FaultProxy
) -> None:
    async with open_postgres(over(wire, postgres), 4) as store:
        user = await added(store)
        for _ in range(3):
            await asyncio.gather(*(store.check() for _ in range(8)))
            wire.refuse()
            for _ in range(5):
                with pytest.raises(StoreDown):
                    await store.find_user(user.id)
            wire.listen()

            assert await store.find_user(user.id) == user
            assert await store.change_role(user.id, user.role, NOW, record=None)


async def test_one_silent_connection_is_enough_to_give_up_the_others(
    postgres: PostgresDatabase, wire: FaultProxy
) -> None:
    async with open_postgres(over(wire, postgres), 3) as store:
        await asyncio.gather(*(store.check() for _ in range(6)))
        wire.stall()  # A firewall forgot these connections, and says nothing.
        with pytest.raises(StoreDown):
            await store.check()
        silent = pool_of(store)._idle[:]
        assert silent
        wire.resume()

        await store.check()

        assert not set(pool_of(store)._idle) & set(silent)


async def test_a_read_whose_connection_breaks_is_done_on_another(
    postgres: PostgresDatabase, wire: FaultProxy
) -> None:
    async with open_postgres(over(wire, postgres), 1) as store:
        user = await added(store)
        wire.lose_answer(user.id.encode(), 1)

        assert await store.find_user(user.id) == user
        assert wire.lost == 1


async def test_a_commit_whose_answer_is_lost_is_down_and_was_made_once(
    postgres: PostgresDatabase, wire: FaultProxy
) -> None:
    async with open_postgres(over(wire, postgres), 1) as store:
        bob = await added(store)
        wire.lose_answer(b"COMMIT\0", 1)
        with pytest.raises(StoreDown):
            await opened(store, bob)
        assert wire.lost == 1

        assert len(await store.list_sessions(bob.id, NOW)) == 1


async def test_a_rotation_whose_answer_is_lost_is_down_and_never_made_twice(
    postgres: PostgresDatabase, wire: FaultProxy
) -> None:
    async with open_postgres(over(wire, postgres), 1) as store:
        session = await opened(store, await added(store))
        wire.lose_answer(session.id.encode(), 1)
        with pytest.raises(StoreDown):
            await store.rotate_refresh_token(session.id, 0, NOW, NOW + IDLE)

        found = await store.find_session(session.id)
        assert found is not None
        assert found.session.generation == 1
        assert isinstance(await store.rotate_refresh_token(session.id, 1, NOW, NOW + IDLE), Rotated)


async def test_closing_is_bounded_while_the_server_stands_still(
    postgres: PostgresDatabase, wire: FaultProxy
) -> None:
    store = PostgresStore(over(wire, postgres), 3)
    await store.open()
    await asyncio.gather(*(store.check() for _ in range(6)))
    wire.stall()
    under_way = asyncio.create_task(store.add_user(new_user(), HASH, record=None))
    await asyncio.sleep(0)
    begun = time.monotonic()

    await store.close()

    assert time.monotonic() - begun < IN_TIME_SECONDS + 1.5  # To say goodbye, in vain.
    with pytest.raises(StoreDown):
        await under_way
    wire.resume()


async def test_a_store_opens_on_the_host_that_answers(
    postgres: PostgresDatabase, wire: FaultProxy
) -> None:
    silent = over(wire, postgres).partition("@")[2].partition("/")[0]
    url = postgres.url.replace("@", f"@{silent},")
    wire.stall()
    begun = time.monotonic()
    async with open_postgres(url, 3) as store:
        assert time.monotonic() - begun < IN_TIME_SECONDS
        begun = time.monotonic()
        await asyncio.gather(*(store.check() for _ in range(6)))
        # The one that answered is asked first from then on.
        assert time.monotonic() - begun < 1
    wire.resume()


@pytest.fixture
def server() -> Iterator[Cluster]:
    """A server of the test's own, to be killed."""
    with cluster() as started:
        yield started


async def test_a_server_that_crashes_and_comes_back_is_used_again_and_kept_what_it_said(
    server: Cluster,
) -> None:
    url = server.url()
    await PostgresStore(url, 1).migrate()
    async with open_postgres(url, 4) as store:
        users = []
        for how in (signal.SIGINT, signal.SIGQUIT):
            busy = [
                asyncio.create_task(store.add_user(new_user(f"{how}{n}@x.com"), HASH, record=None))
                for n in range(100)
            ]
            await asyncio.sleep(0.01)
            await asyncio.to_thread(server.stop, how)
            outcomes = await asyncio.gather(*busy, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} <= {bool, StoreDown}
            with pytest.raises(StoreDown):
                await store.check()
            await asyncio.to_thread(server.start)

            users.append(await added(store, f"after{how}@example.com"))
            assert [await store.find_user(user.id) for user in users] == users
            assert pool_of(store)._made <= 4
