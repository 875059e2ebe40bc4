import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from keystead.domain.session import Client, Device, Place, SessionId, SignedIn
from keystead.domain.store import Store
from keystead.domain.user import Role, Status, UserId
from tests.store.samples import (
    CAP,
    IDLE,
    LISBON,
    NOW,
    NOWHERE,
    added,
    new_session,
    new_user,
    opened,
    opened_until,
    signed_in,
    stored,
)

MILLISECOND = timedelta(milliseconds=1)
CLIENTS = [
    NOWHERE,
    LISBON,
    Client("192.0.2.1", "\x1b[31m\u202e🙂\ufdd0", Device(None, "Ладья", None), None),
    Client("192.0.2.1", "", Device(), Place()),
    Client(None, "x" * 256, Device("a", "b", "c"), Place(city='"São"\\\n', latitude=-0.000001)),
]


class SessionPromises:
    @pytest.mark.parametrize("client", CLIENTS)
    async def test_a_session_is_found_as_it_was_opened(
        self, store: Store, another_store: Store, client: Client
    ) -> None:
        user = await added(store, "ada@example.com", Role.ADMIN)
        session = replace(new_session(user, NOW, client), rotated_at=NOW, generation=2**32 - 1)

        assert await store.open_session(session, CAP, record=None)

        assert await another_store.find_session(session.id) == SignedIn(session, user)
        assert await another_store.list_sessions(user.id, NOW) == [session]

    async def test_what_another_process_changed_is_found_by_the_next_look(
        self, store: Store, another_store: Store
    ) -> None:
        bob, session = await signed_in(store)
        later = NOW + timedelta(minutes=1)
        assert await store.find_session(session.id) == SignedIn(session, bob)

        await another_store.touch_session(session.id, later, later + IDLE)
        admin = await another_store.change_role(bob.id, Role.ADMIN, later, record=None)

        touched = replace(session, last_active_at=later, expires_at=later + IDLE)
        assert admin is not None
        assert await store.find_session(session.id) == SignedIn(touched, admin)
        assert await another_store.close_session(session.id, record=None)
        assert await store.find_session(session.id) is None

    async def test_a_session_over_or_not_is_found(self, store: Store) -> None:
        user = await added(store)
        session = await opened_until(store, user, NOW)

        assert await store.find_session(session.id) == SignedIn(session, user)

    @pytest.mark.parametrize("text", ["", "x", "' OR ''='", "🙂"])
    async def test_no_session_stands_behind_any_text(self, store: Store, text: str) -> None:
        await signed_in(store)

        assert await store.find_session(SessionId(text)) is None

    @pytest.mark.parametrize("became", ["disabled", "deleted", "never known"])
    async def test_who_may_not_sign_in_gets_no_session(self, store: Store, became: str) -> None:
        user = new_user() if became == "never known" else await added(store)
        if became == "disabled":
            await store.change_status(user.id, Status.DISABLED, NOW, record=None)
        if became == "deleted":
            await store.delete_user(user.id, record=None)
        session = new_session(user)

        assert not await store.open_session(session, CAP, record=None)

        assert await store.find_session(session.id) is None

    async def test_a_refused_session_evicts_none(self, store: Store) -> None:
        bob, session = await signed_in(store)

        assert not await store.open_session(
            new_session(new_user("eve@example.com")), cap=1, record=None
        )

        assert await store.list_sessions(bob.id, NOW) == [session]

    async def test_the_oldest_sessions_make_room_beyond_the_cap(self, store: Store) -> None:
        bob = await added(store)
        eve, other = await signed_in(store, "eve@example.com")
        sessions = [new_session(bob, NOW + n * MILLISECOND) for n in range(6)]
        for session in sessions:
            assert await store.open_session(session, cap=3, record=None)

        assert await store.list_sessions(bob.id, NOW) == sessions[:2:-1]
        assert await store.list_sessions(eve.id, NOW) == [other]

    async def test_a_lowered_cap_holds_from_the_next_sign_in_on(self, store: Store) -> None:
        bob = await added(store)
        for n in range(5):
            await opened(store, bob, NOW + n * MILLISECOND)
        newest = new_session(bob, NOW + timedelta(seconds=1))

        await store.open_session(newest, cap=1, record=None)

        assert await store.list_sessions(bob.id, NOW) == [newest]

    async def test_the_cap_holds_for_parallel_sign_ins(
        self, store: Store, another_store: Store
    ) -> None:
        bob = await added(store)
        sessions = [new_session(bob, NOW + n * MILLISECOND) for n in range(30)]

        await asyncio.gather(
            *(
                (store, another_store)[n % 2].open_session(session, cap=4, record=None)
                for n, session in enumerate(sessions)
            )
        )

        assert await store.list_sessions(bob.id, NOW) == sessions[:-5:-1]

    async def test_live_sessions_are_listed_newest_first(self, store: Store) -> None:
        bob = await added(store)
        await signed_in(store, "eve@example.com")
        sessions = [await opened(store, bob, NOW + n * MILLISECOND) for n in (2, 0, 1)]

        listed = await store.list_sessions(bob.id, NOW)

        assert listed == [sessions[0], sessions[2], sessions[1]]

    async def test_a_session_is_over_in_the_very_millisecond_of_its_expiry(
        self, store: Store
    ) -> None:
        bob = await added(store)
        session = await opened_until(store, bob, NOW)

        assert await store.list_sessions(bob.id, NOW - MILLISECOND) == [session]
        assert await store.list_sessions(bob.id, NOW) == []

    async def test_use_is_recorded_and_changes_nothing_else(
        self, store: Store, another_store: Store
    ) -> None:
        bob, session = await signed_in(store)
        later = NOW + timedelta(minutes=1)
        other = await opened(store, bob)

        await store.touch_session(session.id, later, later + IDLE)

        touched = replace(session, last_active_at=later, expires_at=later + IDLE)
        assert await stored(another_store, session) == touched
        assert await stored(another_store, other) == other

    async def test_use_never_goes_backwards(self, store: Store) -> None:
        _, session = await signed_in(store)
        later = NOW + timedelta(minutes=1)
        await store.touch_session(session.id, later, later + IDLE)
        before = await stored(store, session)

        await store.touch_session(session.id, later - MILLISECOND, later + 2 * IDLE)

        assert await stored(store, session) == before

    async def test_of_many_uses_in_any_order_the_latest_stays(
        self, store: Store, another_store: Store
    ) -> None:
        _, session = await signed_in(store)
        moments = [NOW + n * MILLISECOND for n in (7, 3, 50, 1, 49, 22, 8, 50, 2)]

        await asyncio.gather(
            *(
                (store, another_store)[n % 2].touch_session(session.id, moment, moment + IDLE)
                for n, moment in enumerate(moments)
            )
        )

        latest = max(moments)
        found = await stored(store, session)
        assert found == replace(session, last_active_at=latest, expires_at=latest + IDLE)

    async def test_use_brings_no_closed_session_back(self, store: Store) -> None:
        _, session = await signed_in(store)
        await store.close_session(session.id, record=None)

        await store.touch_session(session.id, NOW + MILLISECOND, NOW + IDLE)

        assert await store.find_session(session.id) is None

    async def test_a_session_is_closed_once(self, store: Store, another_store: Store) -> None:
        bob, session = await signed_in(store)
        other = await opened(store, bob)

        outcomes = await asyncio.gather(
            *(
                (store, another_store)[n % 2].close_session(session.id, record=None)
                for n in range(20)
            )
        )

        assert outcomes.count(True) == 1
        assert await another_store.list_sessions(bob.id, NOW) == [other]

    async def test_a_foreign_session_cannot_be_closed_in_ones_own_name(self, store: Store) -> None:
        bob, session = await signed_in(store)
        eve = await added(store, "eve@example.com")

        assert not await store.close_session(session.id, owner=eve.id, record=None)
        assert not await store.close_session(session.id, owner=UserId(""), record=None)
        assert await stored(store, session) == session

        assert await store.close_session(session.id, owner=bob.id, record=None)
        assert await store.find_session(session.id) is None

    async def test_all_sessions_of_a_user_are_closed(self, store: Store) -> None:
        bob, _ = await signed_in(store)
        await opened(store, bob)
        eve, kept = await signed_in(store, "eve@example.com")

        assert await store.close_sessions(bob.id, record=None) == 2
        assert await store.close_sessions(bob.id, record=None) == 0

        assert await store.list_sessions(bob.id, NOW) == []
        assert await store.list_sessions(eve.id, NOW) == [kept]

    async def test_all_sessions_but_one_are_closed(self, store: Store) -> None:
        bob, kept = await signed_in(store)
        for _ in range(3):
            await opened(store, bob)

        assert await store.close_sessions(bob.id, keep=kept.id, record=None) == 3

        assert await store.list_sessions(bob.id, NOW) == [kept]

    async def test_keeping_a_foreign_session_keeps_none_of_ones_own(self, store: Store) -> None:
        bob, _ = await signed_in(store)
        _, foreign = await signed_in(store, "eve@example.com")

        assert await store.close_sessions(bob.id, keep=foreign.id, record=None) == 1

        assert await stored(store, foreign) == foreign
