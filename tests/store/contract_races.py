import asyncio

from keystead.domain.store import Store
from keystead.domain.user import EmailAddress, Status, User, UserQuery
from tests.databases.effort import times
from tests.store.samples import CAP, NOW, added, new_session


class RacePromises:
    async def test_who_is_disabled_while_signing_in_again_and_again_has_no_session_in_the_end(
        self, store: Store, another_store: Store
    ) -> None:
        bob = await added(store)
        for n in range(times(50)):
            sign_ins = [
                (store, another_store)[number % 2].open_session(new_session(bob), CAP, record=None)
                for number in range(4)
            ]
            # The order in which they begin differs, and with it who comes first.
            position = n % 5
            jobs = [
                *sign_ins[:position],
                another_store.change_status(bob.id, Status.DISABLED, NOW, record=None),
                *sign_ins[position:],
            ]

            await asyncio.gather(*jobs)

            assert await store.list_sessions(bob.id, NOW) == []
            await store.change_status(bob.id, Status.ACTIVE, NOW, record=None)
            assert await another_store.list_sessions(bob.id, NOW) == []

    async def test_who_is_deleted_while_signing_in_leaves_no_session(
        self, store: Store, another_store: Store
    ) -> None:
        for n in range(times(50)):
            bob = await added(store, f"bob{n}@example.com")
            sessions = [new_session(bob) for _ in range(4)]

            await asyncio.gather(
                *(
                    another_store.open_session(session, CAP, record=None)
                    for session in sessions[:2]
                ),
                store.delete_user(bob.id, record=None),
                *(
                    another_store.open_session(session, CAP, record=None)
                    for session in sessions[2:]
                ),
            )

            assert [await store.find_session(session.id) for session in sessions] == [None] * 4

    async def test_whoever_was_there_is_listed_once_while_others_pour_in(
        self, store: Store, another_store: Store
    ) -> None:
        before = [await added(store, f"bob{n:03}@example.com") for n in range(60)]
        is_over = asyncio.Event()

        async def pour_in() -> None:
            n = 0
            while not is_over.is_set():
                n += 1
                await added(another_store, f"bob{n * 7 % 60:03}+{n}@example.com")

        pouring = [asyncio.create_task(pour_in())]
        seen: list[User] = []
        after: EmailAddress | None = None
        while page := await store.list_users(UserQuery(7, after)):
            seen += page
            after = page[-1].email
            await asyncio.sleep(0)
        is_over.set()
        await asyncio.gather(*pouring)

        assert [user for user in seen if user in before] == before
        assert len({user.id for user in seen}) == len(seen)
