from datetime import timedelta

from keystead.domain.audit import first_id_at
from keystead.domain.overview import Counts, Whereabouts
from keystead.domain.store import Store
from keystead.domain.user import Role, Status
from tests.store.samples import (
    CAP,
    LIFETIME,
    LISBON,
    NOW,
    NOWHERE,
    added,
    new_record,
    new_session,
)

DAY = timedelta(days=1)


async def with_sessions(store: Store, count: int) -> None:
    user = await added(store)
    for n in range(count):
        session = new_session(user, now=NOW + timedelta(seconds=n))
        assert await store.open_session(session, CAP, record=None)


class OverviewPromises:
    async def test_accounts_and_live_sessions_are_counted(self, store: Store) -> None:
        await with_sessions(store, 3)
        await added(store, "ada@example.com", Role.ADMIN)
        await added(store, "eve@example.com", status=Status.DISABLED)

        assert await store.count_all(NOW, 10) == Counts(3, 1, 1, 3)

    async def test_a_session_that_is_over_is_not_counted(self, store: Store) -> None:
        await with_sessions(store, 2)

        assert (await store.count_all(NOW + LIFETIME, 10)).sessions == 0
        assert await store.sample_whereabouts(NOW + LIFETIME, 10) == []

    async def test_nothing_is_counted_beyond_the_limit(self, store: Store) -> None:
        await with_sessions(store, 3)
        await added(store, "ada@example.com", Role.ADMIN)
        await added(store, "eve@example.com", status=Status.DISABLED)

        assert await store.count_all(NOW, 2) == Counts(2, 1, 1, 2)
        assert len(await store.sample_whereabouts(NOW, 2)) == 2

    async def test_an_empty_database_has_nothing_to_count(self, store: Store) -> None:
        assert await store.count_all(NOW, 10) == Counts(0, 0, 0, 0)
        assert await store.sample_whereabouts(NOW, 10) == []
        assert await store.count_audit("authn_login_success", "", "~", 10) == 0

    async def test_records_of_a_name_are_counted_from_a_moment_to_before_another(
        self, store: Store
    ) -> None:
        moments = [NOW - timedelta(milliseconds=1), NOW, NOW + DAY / 2, NOW + DAY]
        for moment in moments:
            await store.add_audit_record(new_record(now=moment))
        first, end = first_id_at(NOW), first_id_at(NOW + DAY)

        assert await store.count_audit("authn_login_success", first, end, 10) == 2
        assert await store.count_audit("authn_login_success", first, end, 1) == 1
        assert await store.count_audit("authn_login_fail", first, end, 10) == 0

    async def test_whereabouts_are_those_of_the_sessions_that_expire_last(
        self, store: Store
    ) -> None:
        user = await added(store)
        here = new_session(user, client=LISBON)
        later = new_session(user, now=NOW + timedelta(seconds=1), client=NOWHERE)
        for session in (later, here):
            assert await store.open_session(session, CAP, record=None)

        assert await store.sample_whereabouts(NOW, 10) == [
            Whereabouts(None, None),
            Whereabouts(LISBON.ip, LISBON.place),
        ]
