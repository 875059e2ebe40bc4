import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from keystead.domain.errors import LastAdmin
from keystead.domain.store import Store
from keystead.domain.user import EmailAddress, Role, Status, User, UserQuery
from tests.databases.effort import times
from tests.store.samples import CAP, NOW, added, new_session, new_user, opened

LATER = NOW + timedelta(minutes=5)

Loss = Callable[[Store, User], Awaitable[User | None]]
LOSSES: dict[str, Loss] = {
    "demoted": lambda store, user: store.change_role(user.id, Role.USER, LATER, record=None),
    "disabled": lambda store, user: store.change_status(
        user.id, Status.DISABLED, LATER, record=None
    ),
    "deleted": lambda store, user: store.delete_user(user.id, record=None),
}
each_loss = pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES.keys())


async def active_admins(store: Store) -> list[User]:
    return await store.list_users(UserQuery(100, role=Role.ADMIN, status=Status.ACTIVE))


async def admin(store: Store, name: str) -> User:
    return await added(store, f"{name}@example.com", Role.ADMIN)


async def active_admin(store: Store, name: str) -> User:
    """Make *name* an active admin, whatever became of them."""
    found = await store.find_credentials(EmailAddress(f"{name}@example.com"))
    if found is None:
        return await admin(store, name)
    await store.change_status(found.user.id, Status.ACTIVE, NOW, record=None)
    user = await store.change_role(found.user.id, Role.ADMIN, NOW, record=None)
    assert user is not None
    return user


class AdminPromises:
    @each_loss
    async def test_the_last_admin_stays(self, store: Store, lose: Loss) -> None:
        ada = await admin(store, "ada")
        session = await opened(store, ada)
        await added(store, "bob@example.com")
        await added(store, "ann@example.com", Role.ADMIN, Status.DISABLED)

        with pytest.raises(LastAdmin):
            await lose(store, ada)

        assert await store.find_user(ada.id) == ada
        assert await store.list_sessions(ada.id, NOW) == [session]

    @each_loss
    async def test_an_admin_beside_another_may_go(self, store: Store, lose: Loss) -> None:
        ada, ann = await admin(store, "ada"), await admin(store, "ann")

        assert await lose(store, ada) is not None

        assert await active_admins(store) == [ann]

    @each_loss
    async def test_a_disabled_admin_is_not_the_last_one(self, store: Store, lose: Loss) -> None:
        ada = await admin(store, "ada")
        ann = await added(store, "ann@example.com", Role.ADMIN, Status.DISABLED)

        assert await lose(store, ann) is not None

        assert await active_admins(store) == [ada]

    @each_loss
    async def test_two_admins_who_end_each_other_again_and_again_are_never_both_gone(
        self, store: Store, another_store: Store, lose: Loss
    ) -> None:
        for _ in range(times(100)):
            ada, ann = await active_admin(store, "ada"), await active_admin(store, "ann")

            outcomes = await asyncio.gather(
                lose(store, ada), lose(another_store, ann), return_exceptions=True
            )

            assert [type(outcome) for outcome in outcomes].count(LastAdmin) == 1
            assert len(await active_admins(store)) == 1

    async def test_many_admins_under_every_attack_at_once_leave_one(
        self, store: Store, another_store: Store
    ) -> None:
        admins = [await admin(store, f"ada{n}") for n in range(12)]

        outcomes = await asyncio.gather(
            *(
                lose((store, another_store)[n % 2], user)
                for n, user in enumerate(admins)
                for lose in LOSSES.values()
            ),
            return_exceptions=True,
        )

        others = [one for one in outcomes if not isinstance(one, User | LastAdmin | None)]
        assert others == []
        assert len(await active_admins(another_store)) == 1

    async def test_a_role_holds_in_every_process_at_once(
        self, store: Store, another_store: Store
    ) -> None:
        await admin(store, "ada")
        bob = await added(store)
        session = await opened(store, bob)

        changed = await store.change_role(bob.id, Role.ADMIN, LATER, record=None)

        found = await another_store.find_session(session.id)
        assert found is not None
        assert found.user == changed
        assert changed == User(bob.id, bob.email, Role.ADMIN, Status.ACTIVE, NOW, LATER)

    async def test_the_last_admin_may_be_made_admin_and_active_again(self, store: Store) -> None:
        ada = await admin(store, "ada")

        assert await store.change_role(ada.id, Role.ADMIN, LATER, record=None)
        assert await store.change_status(ada.id, Status.ACTIVE, LATER, record=None)

        assert [user.id for user in await active_admins(store)] == [ada.id]

    @each_loss
    async def test_nobody_is_lost_under_an_unknown_id(self, store: Store, lose: Loss) -> None:
        ada = await admin(store, "ada")
        stranger = new_user("stranger@example.com")

        assert await lose(store, stranger) is None

        assert await store.list_users(UserQuery(100)) == [ada]

    async def test_disabling_ends_every_session_in_the_same_step(
        self, store: Store, another_store: Store
    ) -> None:
        bob, eve = await added(store), await added(store, "eve@example.com")
        ended = [await opened(store, bob) for _ in range(3)]
        kept = await opened(store, eve)

        disabled = await store.change_status(bob.id, Status.DISABLED, LATER, record=None)

        assert disabled == User(bob.id, bob.email, bob.role, Status.DISABLED, NOW, LATER)
        assert [await another_store.find_session(session.id) for session in ended] == [None] * 3
        assert await another_store.list_sessions(eve.id, NOW) == [kept]

    async def test_enabling_again_brings_no_session_back(self, store: Store) -> None:
        bob = await added(store)
        await opened(store, bob)
        await store.change_status(bob.id, Status.DISABLED, LATER, record=None)

        enabled = await store.change_status(bob.id, Status.ACTIVE, LATER, record=None)

        assert enabled is not None
        assert enabled.is_active
        assert await store.list_sessions(bob.id, NOW) == []

    async def test_enabling_the_enabled_ends_no_session(self, store: Store) -> None:
        bob = await added(store)
        session = await opened(store, bob)

        await store.change_status(bob.id, Status.ACTIVE, LATER, record=None)

        assert await store.list_sessions(bob.id, NOW) == [session]

    @pytest.mark.parametrize("loss", ["disabled", "deleted"])
    async def test_a_sign_in_at_that_very_moment_leaves_no_session(
        self, store: Store, another_store: Store, loss: str
    ) -> None:
        for n in range(times(50)):
            bob = await added(store, f"bob{n}@example.com")
            session = new_session(bob)
            sides = [
                LOSSES[loss](store, bob),
                another_store.open_session(session, CAP, record=None),
            ]

            await asyncio.gather(*sides[:: 1 if n % 2 else -1])

            assert await store.find_session(session.id) is None

    async def test_deletion_takes_the_sessions_and_frees_the_address(self, store: Store) -> None:
        bob, eve = await added(store), await added(store, "eve@example.com")
        session, kept = await opened(store, bob), await opened(store, eve)

        assert await store.delete_user(bob.id, record=None) == bob

        assert await store.find_user(bob.id) is None
        assert await store.find_credentials(bob.email) is None
        assert await store.find_session(session.id) is None
        assert await store.list_sessions(eve.id, NOW) == [kept]
        assert await store.delete_user(bob.id, record=None) is None
        newcomer = await added(store, bob.email)
        assert await store.list_sessions(newcomer.id, NOW) == []
