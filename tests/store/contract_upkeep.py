import asyncio
from datetime import timedelta

from keystead.domain.store import Store
from tests.store.samples import NOW, added, opened_until

MINUTE = timedelta(minutes=1)
MILLISECOND = timedelta(milliseconds=1)


class UpkeepPromises:
    async def test_what_is_over_is_purged_in_batches_and_what_lives_stays(
        self, store: Store
    ) -> None:
        bob = await added(store)
        over = [await opened_until(store, bob, NOW - n * MINUTE) for n in range(7)]
        live = await opened_until(store, bob, NOW + MILLISECOND)

        counts = [await store.purge_expired(NOW, 3) for _ in range(4)]

        assert counts == [3, 3, 1, 0]
        assert [await store.find_session(session.id) for session in over] == [None] * 7
        assert await store.list_sessions(bob.id, NOW) == [live]

    async def test_live_sessions_are_counted(self, store: Store) -> None:
        bob = await added(store)
        await opened_until(store, bob, NOW)
        for _ in range(3):
            await opened_until(store, bob, NOW + MILLISECOND)

        assert await store.count_sessions(NOW) == 3

    async def test_what_the_database_took_is_counted(self, store: Store) -> None:
        before = store.load().durations.count
        bob = await added(store)
        await opened_until(store, bob, NOW)

        load = store.load()

        assert load.durations.count >= before + 2
        assert load.durations.sum_seconds > 0
        assert (load.busy, load.waiting) == (0, 0)
        assert load.limit >= 1

    async def test_two_processes_never_count_the_same_session_twice(
        self, store: Store, another_store: Store
    ) -> None:
        bob = await added(store)
        for _ in range(30):
            await opened_until(store, bob, NOW)

        counts = await asyncio.gather(
            *((store, another_store)[n % 2].purge_expired(NOW, 4) for n in range(12))
        )

        assert sum(counts) == 30

    async def test_a_lease_has_one_holder(self, store: Store, another_store: Store) -> None:
        outcomes = await asyncio.gather(
            *(
                (store, another_store)[n % 2].take_lease("upkeep", f"{n}", NOW, NOW + MINUTE)
                for n in range(50)
            )
        )

        assert outcomes.count(True) == 1
        again = [
            await store.take_lease("upkeep", f"{n}", NOW + MILLISECOND, NOW + MINUTE)
            for n in range(50)
        ]
        assert again == outcomes

    async def test_a_holder_stays_the_holder(self, store: Store, another_store: Store) -> None:
        assert await store.take_lease("upkeep", "one", NOW, NOW + MINUTE)
        assert await store.take_lease("upkeep", "one", NOW + MINUTE / 2, NOW + 2 * MINUTE)

        assert not await another_store.take_lease("upkeep", "two", NOW + MINUTE, NOW + 9 * MINUTE)

    async def test_a_lease_that_ran_out_goes_to_whoever_asks(
        self, store: Store, another_store: Store
    ) -> None:
        await store.take_lease("upkeep", "one", NOW, NOW + MINUTE)
        end = NOW + MINUTE

        assert not await another_store.take_lease("upkeep", "two", end - MILLISECOND, end + MINUTE)
        assert await another_store.take_lease("upkeep", "two", end, end + MINUTE)
        assert not await store.take_lease("upkeep", "one", end, end + MINUTE)

    async def test_a_lease_that_is_longer_than_any_is_none(
        self, store: Store, another_store: Store
    ) -> None:
        await store.take_lease("upkeep", "one", NOW, NOW + 2 * MINUTE)
        assert not await another_store.take_lease("upkeep", "two", NOW, NOW + MINUTE)

        await store.take_lease("upkeep", "one", NOW, NOW + 2 * MINUTE + MILLISECOND)
        assert await another_store.take_lease("upkeep", "two", NOW, NOW + MINUTE)

        await store.take_lease("places", "one", NOW, NOW + 1_000_000 * timedelta(days=1))
        assert await another_store.take_lease("places", "two", NOW, NOW + MINUTE)
        assert not await store.take_lease("places", "one", NOW, NOW + MINUTE)

    async def test_leases_do_not_know_one_another(self, store: Store) -> None:
        assert await store.take_lease("upkeep", "one", NOW, NOW + MINUTE)
        assert await store.take_lease("places", "two", NOW, NOW + MINUTE)

    async def test_the_first_secrets_are_the_ones(self, store: Store, another_store: Store) -> None:
        assert await store.find_fingerprint() is None

        bound = await asyncio.gather(
            *((store, another_store)[n % 2].bind_secrets(f"print {n}") for n in range(20))
        )

        assert len(set(bound)) == 1
        assert await store.bind_secrets("late") == bound[0]
        assert await another_store.find_fingerprint() == bound[0]
