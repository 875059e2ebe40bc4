"""A server that stalls or dies: everybody is told within five seconds, and it passes by itself."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from keystead.domain.errors import StoreDown
from keystead.domain.user import User
from keystead.store.mongo import MongoStore
from keystead.store.mongo_connection import WAITING_PER_CONNECTION
from tests.databases.mongo import MongoServer, StandIn, migrate, stand_in
from tests.store.contract_failure import VERBS, is_refused_as_down
from tests.store.mongo_servers import open_mongo
from tests.store.samples import CAP, HASH, NOW, added, new_session, new_user

pytestmark = pytest.mark.timeout(120)

HEAL_SECONDS = 5


@pytest.fixture(scope="module")
def started(
    mongo_server: MongoServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StandIn]:
    """One that nobody else uses. A real server is not ours to stop."""
    del mongo_server  # Asked for only so that this is skipped where there is none.
    with stand_in(tmp_path_factory.mktemp("outage")) as server:
        migrate(f"{server.url}keystead")
        yield server


@pytest.fixture
def url(started: StandIn) -> str:
    return f"{started.url}keystead"


@contextmanager
def stalled(server: StandIn) -> Iterator[None]:
    server.send(signal.SIGSTOP)
    try:
        yield
    finally:
        server.send(signal.SIGCONT)


async def heals(store: MongoStore) -> None:
    """Return once it answers again."""
    async with asyncio.timeout(HEAL_SECONDS):
        while True:
            try:
                return await store.check()
            except StoreDown:
                await asyncio.sleep(0.05)


async def test_while_the_server_stalls_every_verb_is_refused_in_time_and_then_works_again(
    started: StandIn, url: str
) -> None:
    async with open_mongo(url) as store:
        with stalled(started):
            # At once, and once more: now with the connections cut and the server marked as away.
            for _ in range(2):
                refusals = [is_refused_as_down(call, store) for call in VERBS.values()]
                began = time.monotonic()
                await asyncio.gather(*refusals)
                assert time.monotonic() - began < 6

        await heals(store)
        await added(store, f"{time.monotonic()}@example.com")


async def test_whoever_waits_does_not_hold_up_the_others(started: StandIn, url: str) -> None:
    async with open_mongo(url) as store:
        with stalled(started):
            waiting = asyncio.gather(
                *(is_refused_as_down(lambda store: store.check(), store) for _ in range(20))
            )
            longest = 0.0
            while not waiting.done():
                began = time.monotonic()
                await asyncio.sleep(0.01)
                longest = max(longest, time.monotonic() - began)
            await waiting

    assert longest < 0.5


async def test_more_than_could_be_answered_are_refused_at_once(started: StandIn, url: str) -> None:
    async with open_mongo(url, pool=1) as store:
        with stalled(started):
            waiting = [asyncio.create_task(store.check()) for _ in range(WAITING_PER_CONNECTION)]
            await asyncio.sleep(0)
            began = time.monotonic()

            with pytest.raises(StoreDown):
                await store.check()

            assert time.monotonic() - began < 1
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {StoreDown}
        await heals(store)


async def test_what_was_acknowledged_survives_a_kill_and_nobody_has_to_restart(
    started: StandIn, url: str
) -> None:
    acknowledged: list[User] = []
    leases: list[str] = []
    is_busy = asyncio.Event()
    until = NOW + timedelta(hours=1)

    async def keep_adding(store: MongoStore) -> None:
        for n in range(10_000):
            # A transaction, and a write of its own.
            user = new_user(f"{started.port}-{n}@example.com")
            assert await store.add_user(user, HASH, record=None)
            acknowledged.append(user)
            assert await store.take_lease(user.email, "one", NOW, until)
            leases.append(user.email)
            if n == 30:
                is_busy.set()

    async with open_mongo(url) as store:
        adding = asyncio.create_task(keep_adding(store))
        await is_busy.wait()
        await asyncio.to_thread(started.stop, signal.SIGKILL)
        with pytest.raises(StoreDown):
            await adding
        await is_refused_as_down(lambda store: store.check(), store)

        await asyncio.to_thread(started.start)

        await heals(store)
        for user in acknowledged:
            assert await store.find_user(user.id) == user
        for name in leases:
            assert not await store.take_lease(name, "another", NOW, until)


@pytest.mark.parametrize("verb", ["check", "add_user", "delete_user"])
async def test_closing_takes_no_longer_than_what_is_under_way(
    started: StandIn, url: str, verb: str
) -> None:
    async with open_mongo(url) as store:
        with stalled(started):
            under_way = asyncio.create_task(is_refused_as_down(VERBS[verb], store))
            await asyncio.sleep(0)
            began = time.monotonic()

            await store.close()

            assert time.monotonic() - began < 8
            await under_way


async def test_what_its_caller_gave_up_is_finished(url: str) -> None:
    user = new_user(f"given-up-{time.monotonic()}@example.com")
    session = new_session(user)
    async with open_mongo(url) as store, open_mongo(url) as another:
        for verb in (
            store.add_user(user, HASH, record=None),
            store.open_session(session, CAP, record=None),
        ):
            caller = asyncio.create_task(verb)
            await asyncio.sleep(0)
            caller.cancel()
            with pytest.raises(asyncio.CancelledError):
                await caller
            await asyncio.wait(store._connection._running)

        await store.close()

        assert await another.find_user(user.id) == user
        assert await another.list_sessions(user.id, NOW) == [session]
