from itertools import product

import pytest

from keystead.domain.store import Store
from keystead.domain.user import EmailAddress, Role, Status, User, UserQuery
from tests.store.samples import added

NAMES = ["a", "a%", "a%b", "a_b", "a\\b", "aab", "ab", "a*b", "b", "bob", "böb", "z", "é", "🙂"]
SEARCHES = [None, "", "a", "a%", "a_", "_", "%", "a\\", "*", "b", "bö", "é", "🙂", "ab@ex", "none"]
AFTERS = [None, "a%b@example.com", "ab@example.com", "b", "\U0010fffd"]


async def everybody(store: Store) -> list[User]:
    """Add an account for each name, in no order, over all roles and statuses."""
    kinds = list(product(Role, Status))
    return [
        await added(store, f"{name}@example.com", *kinds[n % len(kinds)])
        for n, name in enumerate(reversed(NAMES))
    ]


def is_listed(user: User, query: UserQuery) -> bool:
    return (
        (query.after is None or user.email > query.after)
        and user.email.startswith(query.search or "")
        and query.role in {None, user.role}
        and query.status in {None, user.status}
    )


class ListingPromises:
    async def test_users_come_in_the_order_of_their_addresses(self, store: Store) -> None:
        users = await everybody(store)

        found = await store.list_users(UserQuery(100))

        # By code point, whatever language the database's server speaks: the cursor relies on it.
        assert found == sorted(users, key=lambda user: user.email)

    @pytest.mark.parametrize("limit", [1, 2, len(NAMES), 100])
    async def test_there_are_never_more_than_asked_for(self, store: Store, limit: int) -> None:
        users = sorted(await everybody(store), key=lambda user: user.email)

        assert await store.list_users(UserQuery(limit)) == users[:limit]

    @pytest.mark.parametrize("search", SEARCHES)
    async def test_every_combination_of_filters_lists_what_it_says(
        self, store: Store, search: str | None
    ) -> None:
        users = sorted(await everybody(store), key=lambda user: user.email)
        for after, role, status in product(AFTERS, [None, *Role], [None, *Status]):
            email = None if after is None else EmailAddress(after)
            query = UserQuery(100, email, search, role, status)

            found = await store.list_users(query)

            assert found == [user for user in users if is_listed(user, query)], query

    @pytest.mark.parametrize(("role", "status"), list(product([None, *Role], [None, *Status])))
    async def test_no_page_skips_or_repeats_while_users_are_added(
        self, store: Store, another_store: Store, role: Role | None, status: Status | None
    ) -> None:
        kind = (role or Role.USER, status or Status.ACTIVE)
        before = [await added(store, f"bob{n:02}@example.com", *kind) for n in range(11)]
        seen: list[User] = []
        query = UserQuery(3, None, "bob", role, status)
        while page := await store.list_users(query):
            seen += page
            # One lands before the cursor, one right after it: neither moves anybody else.
            if page[-1] in before:
                await added(another_store, f"bob00+{len(seen)}@example.com", *kind)
                await added(another_store, f"{page[-1].email}.new", *kind)
            query = UserQuery(3, page[-1].email, "bob", role, status)

        assert len({user.id for user in seen}) == len(seen)
        assert [user for user in seen if user in before] == before

    async def test_an_empty_database_lists_nobody(self, store: Store) -> None:
        assert await store.list_users(UserQuery(50)) == []
