import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from keystead.domain.session import Session
from keystead.domain.transfer import BATCH, CopyState, Counts, Part, Transfer
from keystead.domain.user import Credentials, EmailAddress, PasswordHash, Role, Status, User
from keystead.flows.copy import Copied, copy
from tests.store.contract_users import UNUSUAL
from tests.store.samples import (
    CAP,
    HASH,
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
from tests.store.sqlite_files import open_sqlite

LATER = NOW + timedelta(milliseconds=1)
BCRYPT = PasswordHash("$2b$10$" + "a" * 53, None)


async def everybody(store: Transfer) -> list[Credentials]:
    return await store.export_users("", 1000)


def by_id(rows: list[Session]) -> list[Session]:
    return sorted(rows, key=lambda session: session.id)


class TransferPromises:
    async def test_users_are_exported_page_by_page_in_the_order_of_their_ids(
        self, store: Transfer
    ) -> None:
        users = [await added(store, f"{9 - n}@example.com") for n in range(7)]
        wanted = [Credentials(user, HASH) for user in sorted(users, key=lambda user: user.id)]

        pages = [await store.export_users("", 3)]
        while pages[-1]:
            pages.append(await store.export_users(pages[-1][-1].user.id, 3))

        assert [len(page) for page in pages] == [3, 3, 1, 0]
        assert [each for page in pages for each in page] == wanted

    async def test_sessions_are_exported_page_by_page_but_those_that_are_over(
        self, store: Transfer
    ) -> None:
        bob, eve = await added(store), await added(store, "eve@example.com")
        over = [await opened_until(store, bob, NOW - n * timedelta(days=1)) for n in range(3)]
        sessions = [await opened(store, user) for user in (bob, eve) for _ in range(2)]
        assert await store.count(NOW) == Counts(users=2, sessions=4, over=len(over))

        first = await store.export_sessions("", 3, NOW)
        rest = await store.export_sessions(first[-1].id, 3, NOW)

        assert [*first, *rest] == by_id(sessions)
        assert await store.export_sessions(rest[-1].id, 3, NOW) == []

    async def test_what_is_imported_is_exactly_what_was_given(
        self, store: Transfer, another_store: Transfer
    ) -> None:
        ada = replace(new_user("ada@example.com", Role.ADMIN, Status.DISABLED), updated_at=LATER)
        zoe = new_user("zoë@example.com")
        users = [Credentials(ada, HASH), Credentials(zoe, BCRYPT)]
        rotated = replace(new_session(zoe), generation=7, rotated_at=LATER, last_active_at=LATER)
        sessions = [rotated, new_session(zoe, client=NOWHERE)]

        await store.import_users(users, [])
        await store.import_sessions(sessions, [])

        assert await everybody(another_store) == sorted(users, key=lambda each: each.user.id)
        assert await another_store.export_sessions("", 10, NOW) == by_id(sessions)
        assert await another_store.find_credentials(zoe.email) == users[1]
        assert await another_store.count(NOW) == Counts(users=2, sessions=2, over=0)

    async def test_an_empty_store_counts_nothing(self, store: Transfer) -> None:
        assert await store.count(NOW) == Counts(0, 0, 0)
        assert await everybody(store) == []
        assert await store.export_sessions("", 10, NOW) == []

    async def test_repeating_an_import_changes_nothing(self, store: Transfer) -> None:
        bob = new_user()
        session = new_session(bob)

        for _ in range(3):
            await store.import_users([Credentials(bob, HASH)], [])
            await store.import_sessions([session], [])

        assert await everybody(store) == [Credentials(bob, HASH)]
        assert await store.export_sessions("", 10, NOW) == [session]

    async def test_an_import_changes_who_is_there_and_their_sessions_stay(
        self, store: Transfer
    ) -> None:
        bob, session = await signed_in(store)
        changed = replace(
            bob, email=EmailAddress("rob@example.com"), role=Role.ADMIN, updated_at=LATER
        )

        await store.import_users([Credentials(changed, BCRYPT)], [])

        assert await everybody(store) == [Credentials(changed, BCRYPT)]
        assert await store.find_credentials(bob.email) is None
        assert await store.export_sessions("", 10, NOW) == [session]

    async def test_an_import_changes_a_session_that_is_there(self, store: Transfer) -> None:
        _, session = await signed_in(store)
        changed = replace(session, generation=3, rotated_at=LATER, client=NOWHERE)

        await store.import_sessions([changed], [])

        assert await stored(store, session) == changed

    async def test_whoever_else_has_an_imported_address_is_removed(self, store: Transfer) -> None:
        old, _ = await signed_in(store)
        eve, kept = await signed_in(store, "eve@example.com")
        new = new_user(old.email)

        await store.import_users([Credentials(new, HASH)], [])

        assert await store.find_user(old.id) is None
        assert await store.find_credentials(old.email) == Credentials(new, HASH)
        assert {each.user for each in await everybody(store)} == {new, eve}
        assert await store.export_sessions("", 10, NOW) == [kept]

    async def test_two_accounts_can_exchange_their_addresses(self, store: Transfer) -> None:
        bob, eve = await added(store), await added(store, "eve@example.com")
        swapped = [replace(bob, email=eve.email), replace(eve, email=bob.email)]

        await store.import_users([Credentials(user, HASH) for user in swapped], [])

        found = [each.user for each in await everybody(store)]
        assert found == sorted(swapped, key=lambda user: user.id)

    async def test_who_is_gone_goes_with_their_sessions_also_the_last_admin(
        self, store: Transfer
    ) -> None:
        ada = await added(store, "ada@example.com", Role.ADMIN)
        await opened(store, ada)
        bob, kept = await signed_in(store)

        await store.import_users([], [ada.id, "nobody"])

        assert await everybody(store) == [Credentials(bob, HASH)]
        assert await store.export_sessions("", 10, NOW) == [kept]

    async def test_sessions_that_are_gone_go(self, store: Transfer) -> None:
        bob, session = await signed_in(store)
        kept = await opened(store, bob)

        await store.import_sessions([], [session.id, "none"])

        assert await store.export_sessions("", 10, NOW) == [kept]

    async def test_a_session_without_its_user_is_left_out(self, store: Transfer) -> None:
        bob = await added(store)
        orphan, session = new_session(new_user("gone@example.com")), new_session(bob)

        await store.import_sessions([orphan, session], [])

        assert await store.export_sessions("", 10, NOW) == [session]

    async def test_a_whole_batch_is_imported_at_once(self, store: Transfer) -> None:
        users = [new_user(f"{n}@example.com") for n in range(BATCH)]
        sessions = [new_session(user) for user in users]

        await store.import_users([Credentials(user, HASH) for user in users], [])
        await store.import_sessions(sessions, [])

        assert await store.count(NOW) == Counts(BATCH, BATCH, 0)
        assert await store.export_sessions("", BATCH, NOW) == by_id(sessions)

        await store.import_users([], [user.id for user in users])
        assert await store.count(NOW) == Counts(0, 0, 0)

    async def test_how_far_a_copy_came_is_remembered_in_every_process(
        self, store: Transfer, another_store: Transfer
    ) -> None:
        assert await store.find_copy() is None

        for state in (
            CopyState("print"),
            CopyState("print", Part.SESSIONS, "0199"),
            CopyState("print", Part.SESSIONS, "0199", "sum", LATER),
        ):
            await store.keep_copy(state)
            assert await another_store.find_copy() == state

        assert await store.find_fingerprint() is None

    async def test_what_was_opened_to_read_reads_while_others_write(
        self, store: Transfer, reading_store: Transfer
    ) -> None:
        bob = await added(store)

        assert await reading_store.open_to_read()

        assert await reading_store.find_user(bob.id) == bob
        eve = await added(store, "eve@example.com")
        assert await reading_store.find_user(eve.id) == eve

    async def test_where_nothing_is_there_is_nothing_to_open_and_nothing_is_made(
        self, store_on_nothing: Transfer
    ) -> None:
        for _ in range(2):
            assert not await store_on_nothing.open_to_read()

    async def test_everything_survives_a_copy_to_a_file_and_back(
        self, store: Transfer, tmp_path: Path
    ) -> None:
        await store.bind_secrets("print")
        for email in UNUSUAL:
            user = await added(store, email, Role.ADMIN)
            for client in (NOWHERE, LISBON):
                assert await store.open_session(new_session(user, client=client), CAP, record=None)
        users, sessions = await everybody(store), await store.export_sessions("", 100, NOW)

        async with open_sqlite(tmp_path / "file.db") as file:
            there = await copy(store, file, NOW, lambda *_: None)
            assert isinstance(there, Copied)
            assert there.is_whole
            assert await everybody(file) == users
            assert await file.export_sessions("", 100, NOW) == sessions

            await store.import_users([], [each.user.id for each in users])
            # As if a copy had begun here: into a database that was served, none would.
            await store.keep_copy(CopyState("print"))
            back = await copy(file, store, NOW, lambda *_: None)

        assert isinstance(back, Copied)
        assert back.is_whole
        assert await everybody(store) == users
        assert await store.export_sessions("", 100, NOW) == sessions

    @pytest.mark.parametrize("limit", [1, 3, 100])
    async def test_readers_see_everything_that_was_there_all_the_time(
        self, store: Transfer, another_store: Transfer, limit: int
    ) -> None:
        there = {(await added(store, f"{n}@example.com")).id for n in range(20)}
        seen: set[User] = set()
        after = ""
        while page := await store.export_users(after, limit):
            seen.update(each.user for each in page)
            after = page[-1].user.id
            if len(seen) < 30:
                await asyncio.gather(
                    *(added(another_store, f"{len(seen)}-{n}@example.com") for n in range(2))
                )

        assert there <= {user.id for user in seen}
