import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from keystead.domain.session import Session, SessionId, SignedIn
from keystead.domain.store import Store
from keystead.domain.tokens import Reused, Rotated, RotationOutcome, Superseded, Unknown
from keystead.domain.user import Status
from tests.store.samples import IDLE, NOW, added, opened, opened_until, signed_in, stored

LATER = NOW + timedelta(minutes=5)
MILLISECOND = timedelta(milliseconds=1)

End = Callable[[Store, Session], Awaitable[object]]
ENDS: dict[str, End] = {
    "closed": lambda store, session: store.close_session(session.id, record=None),
    "closed with all": lambda store, session: store.close_sessions(session.user_id, record=None),
    "user disabled": lambda store, session: store.change_status(
        session.user_id, Status.DISABLED, LATER, record=None
    ),
    "user deleted": lambda store, session: store.delete_user(session.user_id, record=None),
    "purged": lambda store, session: store.purge_expired(session.expires_at, 10),
}
each_end = pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())


def rotate(
    store: Store, session: Session, generation: int, now: datetime = LATER
) -> Awaitable[RotationOutcome]:
    return store.rotate_refresh_token(session.id, generation, now, now + IDLE)


class RotationPromises:
    async def test_the_newest_generation_is_swapped_for_its_successor(
        self, store: Store, another_store: Store
    ) -> None:
        bob, session = await signed_in(store)
        other = await opened(store, bob)

        outcome = await rotate(store, session, 0)

        successor = replace(
            session, generation=1, rotated_at=LATER, last_active_at=LATER, expires_at=LATER + IDLE
        )
        assert outcome == Rotated(SignedIn(successor, bob))
        assert await another_store.find_session(session.id) == SignedIn(successor, bob)
        assert await stored(another_store, other) == other

    async def test_of_a_hundred_callers_exactly_one_rotates(
        self, store: Store, another_store: Store
    ) -> None:
        _, session = await signed_in(store)

        outcomes = await asyncio.gather(
            *(
                rotate((store, another_store)[n % 2], session, 0, LATER + n * MILLISECOND)
                for n in range(100)
            )
        )

        assert Counter(type(outcome) for outcome in outcomes) == {Rotated: 1, Superseded: 99}
        (winner,) = (outcome for outcome in outcomes if isinstance(outcome, Rotated))
        rotated_at = winner.signed_in.session.rotated_at
        assert rotated_at is not None
        # Every loser is told of the winner's rotation: what a race is measured from.
        loser = Superseded(winner.signed_in, rotated_at)
        assert [outcome for outcome in outcomes if outcome != winner] == [loser] * 99
        assert await store.find_session(session.id) == winner.signed_in

    async def test_each_rotation_counts_one(self, store: Store, another_store: Store) -> None:
        _, session = await signed_in(store)
        for n in range(20):
            outcome = await rotate((store, another_store)[n % 2], session, n)
            assert isinstance(outcome, Rotated)
            assert outcome.signed_in.session.generation == n + 1

        found = await stored(store, session)
        assert found is not None
        assert found.generation == 20
        assert found.salt == session.salt
        assert (found.created_at, found.ends_at) == (session.created_at, session.ends_at)
        assert found.client == session.client

    @pytest.mark.parametrize("wait", [timedelta(0), timedelta(hours=1), timedelta(days=13)])
    async def test_one_behind_is_superseded_however_late(
        self, store: Store, wait: timedelta
    ) -> None:
        await self._is_refused(store, 4, lambda found: Superseded(found, LATER), wait)

    @pytest.mark.parametrize("generation", [0, 1, 3])
    async def test_further_behind_is_reused(self, store: Store, generation: int) -> None:
        await self._is_refused(store, generation, lambda found: Reused(found.session))

    @pytest.mark.parametrize("generation", [6, 7, 2**32 - 1])
    async def test_ahead_is_unknown(self, store: Store, generation: int) -> None:
        await self._is_refused(store, generation, lambda _: Unknown())

    async def _is_refused(
        self,
        store: Store,
        generation: int,
        expected: Callable[[SignedIn], RotationOutcome],
        wait: timedelta = timedelta(seconds=1),
    ) -> None:
        """Present *generation* to a session at number five; nothing of it may change."""
        _, session = await signed_in(store)
        for n in range(5):
            await rotate(store, session, n)
        before = await store.find_session(session.id)
        assert before is not None

        assert await rotate(store, session, generation, LATER + wait) == expected(before)

        assert await store.find_session(session.id) == before

    @pytest.mark.parametrize("generation", [0, 1, 2, 3])
    async def test_a_session_that_is_over_knows_no_token(
        self, store: Store, generation: int
    ) -> None:
        bob = await added(store)
        session = await opened_until(store, bob, LATER)
        for n in range(2):
            await store.rotate_refresh_token(session.id, n, LATER - MILLISECOND, LATER)
        before = await stored(store, session)

        assert await rotate(store, session, generation, LATER) == Unknown()

        assert await stored(store, session) == before

    async def test_a_millisecond_before_its_end_a_session_still_rotates(self, store: Store) -> None:
        session = await opened_until(store, await added(store), LATER)

        assert isinstance(await rotate(store, session, 0, LATER - MILLISECOND), Rotated)

    @each_end
    async def test_a_session_that_was_ended_knows_no_token(self, store: Store, end: End) -> None:
        _, session = await signed_in(store)
        await rotate(store, session, 0)
        current = await stored(store, session)
        assert current is not None
        await end(store, current)

        for generation in (0, 1):
            assert await rotate(store, session, generation) == Unknown()

        assert await store.find_session(session.id) is None

    @pytest.mark.parametrize("text", ["", "x", "' OR 1=1 --", "🙂"])
    async def test_no_token_stands_behind_any_text(self, store: Store, text: str) -> None:
        _, session = await signed_in(store)

        outcome = await store.rotate_refresh_token(SessionId(text), 0, LATER, LATER + IDLE)

        assert outcome == Unknown()
        assert await stored(store, session) == session

    @each_end
    async def test_what_ends_at_the_moment_of_a_rotation_stays_ended(
        self, store: Store, another_store: Store, end: End
    ) -> None:
        for n in range(10):
            _, session = await signed_in(store, f"bob{n}@example.com")
            callers = [
                rotate(store, session, 0),
                end(another_store, session),
                rotate(another_store, session, 0),
            ]

            await asyncio.gather(*(callers if n % 2 else callers[::-1]))
            if end is ENDS["purged"]:  # It may have come before the rotation, which slid the end.
                await end(store, replace(session, expires_at=LATER + IDLE))

            assert await store.find_session(session.id) is None
