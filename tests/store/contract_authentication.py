import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from keystead.domain.session import SessionId
from keystead.domain.store import Store
from keystead.domain.tokens import Rotated
from keystead.domain.transfer import Transfer
from keystead.domain.user import Credentials, Status
from tests.store.samples import (
    CAP,
    HASH,
    IDLE,
    NOW,
    added,
    new_session,
    new_user,
    opened,
    opened_until,
    signed_in,
    stored,
)

MILLISECOND = timedelta(milliseconds=1)
LATER = NOW + timedelta(minutes=10)


class AuthenticationPromises:
    async def test_when_the_password_was_proved_is_kept_apart_from_when_the_session_began(
        self, store: Store, another_store: Store
    ) -> None:
        session = replace(new_session(await added(store)), authenticated_at=LATER)

        assert await store.open_session(session, CAP, record=None)

        assert await stored(another_store, session) == session
        assert await another_store.list_sessions(session.user_id, NOW) == [session]

    async def test_when_the_password_was_proved_is_moved_along(
        self, store: Transfer, another_store: Transfer
    ) -> None:
        user = new_user()
        session = new_session(user)
        await store.import_users([Credentials(user, HASH)], [])
        await store.import_sessions([session], [])
        proved = replace(session, authenticated_at=LATER)

        await store.import_sessions([proved], [])

        assert await another_store.export_sessions("", 10, NOW) == [proved]

    async def test_a_proof_is_recorded_and_changes_nothing_else(
        self, store: Store, another_store: Store
    ) -> None:
        bob, session = await signed_in(store)
        other = await opened(store, bob)

        assert await store.renew_authentication(session.id, LATER, record=None)

        assert await stored(another_store, session) == replace(session, authenticated_at=LATER)
        assert await stored(another_store, other) == other

    async def test_a_proof_replaces_one_that_a_clock_which_was_ahead_has_left(
        self, store: Store
    ) -> None:
        _, session = await signed_in(store)
        await store.renew_authentication(session.id, LATER, record=None)

        assert await store.renew_authentication(session.id, NOW + MILLISECOND, record=None)

        found = await stored(store, session)
        assert found == replace(session, authenticated_at=NOW + MILLISECOND)

    async def test_a_session_that_is_over_takes_no_proof(self, store: Store) -> None:
        session = await opened_until(store, await added(store), LATER)

        assert not await store.renew_authentication(session.id, LATER, record=None)
        assert await stored(store, session) == session

        assert await store.renew_authentication(session.id, LATER - MILLISECOND, record=None)

    @pytest.mark.parametrize("text", ["", "x", "\0", "\ud800", "' OR ''='"])
    async def test_no_session_of_that_name_takes_a_proof(self, store: Store, text: str) -> None:
        _, session = await signed_in(store)

        assert not await store.renew_authentication(SessionId(text), LATER, record=None)

        assert await stored(store, session) == session

    async def test_a_proof_brings_no_ended_session_back(self, store: Store) -> None:
        bob, session = await signed_in(store)
        another = await opened(store, bob)
        await store.close_session(session.id, record=None)
        await store.change_status(bob.id, Status.DISABLED, NOW, record=None)

        for ended in (session, another):
            assert not await store.renew_authentication(ended.id, LATER, record=None)
            assert await store.find_session(ended.id) is None

    async def test_proofs_and_a_rotation_at_the_same_time_all_hold(
        self, store: Store, another_store: Store
    ) -> None:
        _, session = await signed_in(store)

        rotated, *proved = await asyncio.gather(
            store.rotate_refresh_token(session.id, 0, LATER, LATER + IDLE),
            *(
                (store, another_store)[n % 2].renew_authentication(session.id, LATER, record=None)
                for n in range(10)
            ),
        )

        assert isinstance(rotated, Rotated)
        assert all(proved)
        found = await stored(another_store, session)
        assert found is not None
        assert (found.generation, found.authenticated_at) == (1, LATER)
