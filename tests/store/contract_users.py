import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from keystead.domain.store import Store
from keystead.domain.user import Credentials, EmailAddress, PasswordHash, Role, Status, UserId
from tests.store.samples import HASH, NOW, added, new_user

UNUSUAL = [
    "zoë@example.com",
    "i\u0307@example.com",  # what lower case makes of a capital I with a dot
    "\u017f@example.com",
    "用户@example.com",
    "אבג\u200f@example.com",
    "👩‍💻@example.com",
    "\U0010fffd@example.com",
    "o'brien\"; DROP TABLE users;--@example.com",
    "\x01\x7f\u2028@example.com",
    "$1?1:1%s{0}@example.com",
]
NOT_IDS = ["", " ", "x", "' OR 1=1 --", "00000000-0000-7000-8000-000000000000", "🙂", "9" * 5000]
MOMENTS = [
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 30, 0, 1000, tzinfo=UTC),  # an hour that Europe's clocks skip
    datetime(2026, 10, 25, 0, 59, 59, 999_000, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, 123_000, tzinfo=UTC),
    datetime(2099, 12, 31, 23, 59, 59, 487_000, tzinfo=UTC),
]


class UserPromises:
    async def test_the_hashes_under_one_pepper_are_counted(self, store: Store) -> None:
        await added(store)
        await added(store, "eve@example.com")

        assert HASH.pepper_id is not None
        assert await store.count_hashes(HASH.pepper_id) == 2
        assert await store.count_hashes(HASH.pepper_id + 1) == 0

    async def test_of_fifty_callers_with_one_address_one_gets_the_account(
        self, store: Store, another_store: Store
    ) -> None:
        users = [new_user("bob@example.com") for _ in range(50)]

        outcomes = await asyncio.gather(
            *(
                (store, another_store)[n % 2].add_user(user, HASH, record=None)
                for n, user in enumerate(users)
            )
        )

        assert outcomes.count(True) == 1
        winner = users[outcomes.index(True)]
        assert await store.find_credentials(winner.email) == Credentials(winner, HASH)
        found = [await another_store.find_user(user.id) for user in users]
        assert [user for user in found if user] == [winner]

    async def test_an_account_is_found_by_its_id_and_by_its_address(self, store: Store) -> None:
        ada = await added(store, "ada@example.com", Role.ADMIN, Status.DISABLED)
        await added(store, "bob@example.com")

        assert await store.find_user(ada.id) == ada
        assert await store.find_credentials(ada.email) == Credentials(ada, HASH)

    async def test_another_process_sees_an_account_at_once(
        self, store: Store, another_store: Store
    ) -> None:
        for n in range(20):
            user = await added(store, f"{n}@example.com")
            assert await another_store.find_user(user.id) == user

    async def test_a_taken_address_changes_nothing(self, store: Store) -> None:
        bob = await added(store)
        impostor = new_user(bob.email, Role.ADMIN)

        assert not await store.add_user(impostor, PasswordHash("another", None), record=None)

        assert await store.find_user(impostor.id) is None
        assert await store.find_credentials(bob.email) == Credentials(bob, HASH)
        assert not await store.has_admin()

    @pytest.mark.parametrize("text", NOT_IDS)
    async def test_what_is_no_id_is_nobodys(self, store: Store, text: str) -> None:
        await added(store)

        assert await store.find_user(UserId(text)) is None

    @pytest.mark.parametrize("text", ["", "BOB@example.com", "bob@example.co", "%", "_ob@%", "🙂"])
    async def test_only_the_very_address_signs_in(self, store: Store, text: str) -> None:
        await added(store, "bob@example.com")

        assert await store.find_credentials(EmailAddress(text)) is None

    @pytest.mark.parametrize("email", UNUSUAL)
    async def test_unusual_text_survives(
        self, store: Store, another_store: Store, email: str
    ) -> None:
        user = await added(store, email)
        await added(store, "another@example.com")

        assert await another_store.find_user(user.id) == user
        found = await another_store.find_credentials(user.email)
        assert found == Credentials(user, HASH)

    @pytest.mark.parametrize("moment", MOMENTS)
    async def test_times_survive_to_the_millisecond_in_utc(
        self, store: Store, moment: datetime
    ) -> None:
        user = replace(new_user(now=moment), updated_at=moment + timedelta(milliseconds=1))
        await store.add_user(user, HASH, record=None)

        found = await store.find_user(user.id)

        assert found == user
        assert found.created_at.tzinfo is UTC

    async def test_every_millisecond_of_a_second_is_another_one(self, store: Store) -> None:
        for n in range(0, 1000, 7):
            user = new_user(f"{n}@example.com", now=NOW + timedelta(milliseconds=n))
            await store.add_user(user, HASH, record=None)
            assert await store.find_user(user.id) == user

    @pytest.mark.parametrize("pepper_id", [None, 1, 255])
    async def test_a_hash_survives_with_the_pepper_it_was_made_with(
        self, store: Store, pepper_id: int | None
    ) -> None:
        user = new_user()
        password = PasswordHash("$2b$10$" + "a" * 53, pepper_id)
        await store.add_user(user, password, record=None)

        found = await store.find_credentials(user.email)

        assert found is not None
        assert found.password == password

    async def test_a_hash_takes_the_place_of_the_one_that_was_read(self, store: Store) -> None:
        bob = await added(store)
        eve = await added(store, "eve@example.com")
        new = PasswordHash("$argon2id$new", 2)

        assert await store.replace_password_hash(bob.id, HASH, new)

        assert await store.find_credentials(bob.email) == Credentials(bob, new)
        assert await store.find_credentials(eve.email) == Credentials(eve, HASH)

    async def test_a_hash_that_was_changed_meanwhile_stays(self, store: Store) -> None:
        bob = await added(store)
        changed = PasswordHash("changed", 1)
        await store.replace_password_hash(bob.id, HASH, changed)

        assert not await store.replace_password_hash(bob.id, HASH, PasswordHash("late", 1))

        assert await store.find_credentials(bob.email) == Credentials(bob, changed)
        assert not await store.replace_password_hash(UserId("nobody"), HASH, changed)

    async def test_of_fifty_that_replace_one_hash_one_does(
        self, store: Store, another_store: Store
    ) -> None:
        bob = await added(store)
        hashes = [PasswordHash(f"$argon2id${n}", 1) for n in range(50)]

        outcomes = await asyncio.gather(
            *(
                (store, another_store)[n % 2].replace_password_hash(bob.id, HASH, new)
                for n, new in enumerate(hashes)
            )
        )

        assert outcomes.count(True) == 1
        found = await store.find_credentials(bob.email)
        assert found == Credentials(bob, hashes[outcomes.index(True)])

    async def test_any_admin_counts_also_a_disabled_one(self, store: Store) -> None:
        await added(store)
        assert not await store.has_admin()

        await added(store, "ada@example.com", Role.ADMIN, Status.DISABLED)
        assert await store.has_admin()
