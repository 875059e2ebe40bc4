import asyncio
from datetime import timedelta

import pytest

from keystead.domain.store import Store
from keystead.domain.throttle import Limit, Tally
from tests.store.samples import NOW

SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

WINDOW = Limit.window("window", 7, HOUR)
WAITS = Limit(
    "waits",
    free=3,
    stop=9,
    memory=DAY,
    first_wait=SECOND,
    longest_wait=10 * SECOND,
    memory_at_stop=30 * DAY,
)


class AttemptPromises:
    async def test_several_are_counted_in_turn_up_to_the_first_that_is_refused(
        self, store: Store, another_store: Store
    ) -> None:
        for _ in range(WINDOW.stop - 1):
            await store.count_attempt("window", WINDOW, NOW)
        wanted = [("other", WAITS), ("window", WINDOW), ("account", WAITS)]

        let_in = await another_store.count_attempts(wanted, NOW)
        refused = await store.count_attempts(wanted, NOW)

        assert [(tally.made, tally.is_counted) for tally in let_in] == [
            (1, True), (WINDOW.stop, True), (1, True)
        ]  # fmt: skip
        assert [(tally.made, tally.is_counted) for tally in refused] == [
            (2, True), (WINDOW.stop, False)
        ]  # fmt: skip
        assert refused[1] == Tally(WINDOW, WINDOW.stop, NOW + HOUR, is_counted=False)
        # Behind the one that was refused nothing was counted.
        assert (await store.count_attempt("account", WAITS, NOW)).made == 2

    async def test_no_more_than_a_window_allows_are_let_in_until_it_ends(
        self, store: Store
    ) -> None:
        tallies = [await store.count_attempt("key", WINDOW, NOW + n * SECOND) for n in range(9)]

        assert [tally.is_counted for tally in tallies] == [True] * 7 + [False] * 2
        assert [tally.made for tally in tallies] == [1, 2, 3, 4, 5, 6, 7, 7, 7]
        assert tallies[-1] == Tally(WINDOW, 7, NOW + HOUR, is_counted=False)
        last = await store.count_attempt("key", WINDOW, NOW + HOUR - MILLISECOND)
        assert not last.is_counted
        assert await store.count_attempt("key", WINDOW, NOW + HOUR) == Tally(
            WINDOW, 1, NOW + HOUR, is_counted=True
        )

    async def test_a_first_attempt_may_have_to_be_the_last_or_be_waited_for(
        self, store: Store
    ) -> None:
        once = Limit("once", free=1, stop=1, memory=HOUR, memory_at_stop=DAY)
        slow = Limit("slow", free=1, stop=9, memory=HOUR, first_wait=SECOND, longest_wait=SECOND)
        for key, limit, open_at in (("a", once, NOW + HOUR), ("b", slow, NOW + SECOND)):
            assert await store.count_attempt(key, limit, NOW) == Tally(
                limit, 1, open_at, is_counted=True
            )
            early = await store.count_attempt(key, limit, open_at - MILLISECOND)
            assert early == Tally(limit, 1, open_at, is_counted=False)
            assert (await store.count_attempt(key, limit, open_at)).is_counted

    async def test_a_window_begins_with_its_first_attempt_and_not_with_the_last(
        self, store: Store
    ) -> None:
        await store.count_attempt("key", WINDOW, NOW)
        await store.count_attempt("key", WINDOW, NOW + HOUR - SECOND)

        assert (await store.count_attempt("key", WINDOW, NOW + HOUR)).made == 1

    async def test_after_the_free_ones_each_wait_is_twice_as_long_up_to_the_stop(
        self, store: Store
    ) -> None:
        now, waits = NOW, []
        while (tally := await store.count_attempt("key", WAITS, now)).made < WAITS.stop:
            assert tally.is_counted
            waits.append(tally.open_at - now)
            if tally.open_at > now:
                early = await store.count_attempt("key", WAITS, tally.open_at - MILLISECOND)
                assert early == Tally(WAITS, tally.made, tally.open_at, is_counted=False)
            now = tally.open_at

        assert waits == [n * SECOND for n in (0, 0, 1, 2, 4, 8, 10, 10)]
        assert waits == [WAITS.wait_after(made) for made in range(1, WAITS.stop)]
        assert tally.open_at == now + 30 * DAY
        assert not (await store.count_attempt("key", WAITS, now + 30 * DAY - SECOND)).is_counted
        assert (await store.count_attempt("key", WAITS, now + 30 * DAY)).made == 1

    async def test_waits_are_forgotten_some_time_after_the_last_attempt(self, store: Store) -> None:
        for n in range(3):
            await store.count_attempt("key", WAITS, NOW + n * HOUR)

        still = await store.count_attempt("key", WAITS, NOW + 2 * HOUR + DAY - MILLISECOND)
        assert still.made == 4
        gone = await store.count_attempt("key", WAITS, NOW + 2 * HOUR + 2 * DAY)
        assert gone == Tally(WAITS, 1, NOW + 2 * HOUR + 2 * DAY, is_counted=True)

    @pytest.mark.parametrize(("limit", "most"), [(WINDOW, 7), (WAITS, 3)])
    async def test_of_a_hundred_at_once_only_as_many_as_allowed_are_let_in(
        self, store: Store, another_store: Store, limit: Limit, most: int
    ) -> None:
        tallies = await asyncio.gather(
            *((store, another_store)[n % 2].count_attempt("key", limit, NOW) for n in range(100))
        )

        assert sorted(tally.made for tally in tallies if tally.is_counted) == [*range(1, most + 1)]
        assert all(tally.open_at > NOW for tally in tallies if not tally.is_counted)

    async def test_of_a_hundred_after_a_wait_one_is_let_in(
        self, store: Store, another_store: Store
    ) -> None:
        for _ in range(3):
            tally = await store.count_attempt("key", WAITS, NOW)

        tallies = await asyncio.gather(
            *(
                (store, another_store)[n % 2].count_attempt("key", WAITS, tally.open_at)
                for n in range(100)
            )
        )

        assert [tally.made for tally in tallies if tally.is_counted] == [4]

    @pytest.mark.parametrize("limit", [WINDOW, WAITS])
    async def test_a_process_whose_clock_is_behind_is_not_kept_waiting(
        self, store: Store, another_store: Store, limit: Limit
    ) -> None:
        await store.count_attempt("key", limit, NOW)
        assert (await another_store.count_attempt("key", limit, NOW - 2 * SECOND)).is_counted
        await store.take_attempt_back("key", NOW)

        assert (await another_store.count_attempt("key", limit, NOW - 2 * SECOND)).is_counted

    async def test_counters_do_not_know_one_another(self, store: Store) -> None:
        for _ in range(9):
            await store.count_attempt("one", WINDOW, NOW)

        assert (await store.count_attempt("two", WINDOW, NOW)).is_counted

    async def test_what_is_taken_back_was_never_made(
        self, store: Store, another_store: Store
    ) -> None:
        for _ in range(7):
            await store.count_attempt("key", WINDOW, NOW)
        assert not (await store.count_attempt("key", WINDOW, NOW)).is_counted

        await another_store.take_attempt_back("key", NOW)

        assert (await store.count_attempt("key", WINDOW, NOW)).made == 7
        assert not (await store.count_attempt("key", WINDOW, NOW)).is_counted
        again = await store.count_attempt("key", WINDOW, NOW + HOUR)
        assert again.made == 1, "the window did not move"

    async def test_nothing_can_be_taken_back_of_nothing(self, store: Store) -> None:
        await store.take_attempt_back("key", NOW)
        await store.count_attempt("key", WINDOW, NOW)
        for _ in range(3):
            await store.take_attempt_back("key", NOW)

        tallies = [await store.count_attempt("key", WINDOW, NOW) for _ in range(8)]
        assert [tally.is_counted for tally in tallies] == [True] * 7 + [False]

    async def test_what_is_forgotten_begins_at_nought(
        self, store: Store, another_store: Store
    ) -> None:
        for n in range(WAITS.stop):
            await store.count_attempt("key", WAITS, NOW + n * HOUR)
        assert not (await store.count_attempt("key", WAITS, NOW + DAY)).is_counted

        await another_store.forget_attempts("key")
        await another_store.forget_attempts("nobody's")

        assert (await store.count_attempt("key", WAITS, NOW + DAY)).made == 1

    async def test_counters_are_purged_in_batches_once_they_are_forgotten(
        self, store: Store
    ) -> None:
        for n in range(7):
            await store.count_attempt(f"over {n}", WINDOW, NOW - HOUR - n * SECOND)
        for _ in range(7):
            await store.count_attempt("live", WINDOW, NOW)

        assert [await store.purge_attempts(NOW, 3) for _ in range(4)] == [3, 3, 1, 0]

        assert not (await store.count_attempt("live", WINDOW, NOW)).is_counted
        assert (await store.count_attempt("over 0", WINDOW, NOW)).made == 1
