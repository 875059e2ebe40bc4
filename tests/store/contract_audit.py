import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from keystead.domain.audit import AuditHead, AuditQuery, AuditRecord, Seal
from keystead.domain.errors import LastAdmin
from keystead.domain.session import Session, SessionId
from keystead.domain.store import Store
from keystead.domain.transfer import Transfer
from keystead.domain.user import Role, Status, User, UserId
from tests.store.samples import CAP, HASH, NOW, added, new_record, new_session, new_user, signed_in

Changing = Callable[[Store, User, Session, AuditRecord], Awaitable[object]]
Refused = Callable[[Store, User, AuditRecord], Awaitable[object]]

SOME_HASH = bytes(range(32))
NOBODY, NOTHING = UserId("nobody"), SessionId("nothing")

CHANGES: dict[str, Changing] = {
    "add_user": lambda store, _, __, record: store.add_user(
        new_user("new@example.com"), HASH, record=record
    ),
    "change_role": lambda store, user, _, record: store.change_role(
        user.id, Role.ADMIN, NOW, record=record
    ),
    "change_status": lambda store, user, _, record: store.change_status(
        user.id, Status.DISABLED, NOW, record=record
    ),
    "delete_user": lambda store, user, _, record: store.delete_user(user.id, record=record),
    "open_session": lambda store, user, _, record: store.open_session(
        new_session(user), CAP, record=record
    ),
    "close_session": lambda store, _, session, record: store.close_session(
        session.id, record=record
    ),
    "close_sessions": lambda store, user, _, record: store.close_sessions(user.id, record=record),
}
REFUSALS: dict[str, Refused] = {
    "an address that is taken": lambda store, ada, record: store.add_user(
        new_user(ada.email), HASH, record=record
    ),
    "the role of nobody": lambda store, _, record: store.change_role(
        NOBODY, Role.ADMIN, NOW, record=record
    ),
    "the role of the last admin": lambda store, ada, record: store.change_role(
        ada.id, Role.USER, NOW, record=record
    ),
    "the status of nobody": lambda store, _, record: store.change_status(
        NOBODY, Status.ACTIVE, NOW, record=record
    ),
    "the status of the last admin": lambda store, ada, record: store.change_status(
        ada.id, Status.DISABLED, NOW, record=record
    ),
    "an account that is not there": lambda store, _, record: store.delete_user(
        NOBODY, record=record
    ),
    "an id that is none": lambda store, _, record: store.delete_user(UserId("\0"), record=record),
    "the last admin's account": lambda store, ada, record: store.delete_user(ada.id, record=record),
    "a session of nobody": lambda store, _, record: store.open_session(
        new_session(new_user()), CAP, record=record
    ),
    "a session that is not there": lambda store, _, record: store.close_session(
        NOTHING, record=record
    ),
    "a session that is somebody else's": lambda store, _, record: store.close_session(
        NOTHING, NOBODY, record=record
    ),
    "sessions where there are none": lambda store, ada, record: store.close_sessions(
        ada.id, record=record
    ),
}


async def kept(store: Store) -> list[AuditRecord]:
    return await store.export_audit("", 100)


async def several(store: Store, count: int) -> list[AuditRecord]:
    """Return kept records, each a millisecond after the one before."""
    records = [new_record(now=NOW + timedelta(milliseconds=n)) for n in range(count)]
    for record in records:
        await store.add_audit_record(record)
    return records


def seals_of(records: list[AuditRecord], first: int = 1) -> list[Seal]:
    return [
        Seal(record.id, seq, SOME_HASH[seq:] + SOME_HASH[:seq])
        for seq, record in enumerate(records, first)
    ]


def head_at(seq: int) -> AuditHead:
    return AuditHead(seq, SOME_HASH, 1, SOME_HASH[::-1])


async def seal_all(store: Store, records: list[AuditRecord]) -> list[AuditRecord]:
    """Give all of them their places. Returns: them as they are kept."""
    seals = seals_of(records)
    assert await store.seal_audit(seals, None, head_at(len(seals)))
    return [
        replace(record, seq=seal.seq, chain=seal.chain)
        for record, seal in zip(records, seals, strict=True)
    ]


class AuditPromises:
    async def test_a_record_is_kept_as_it_is(self, store: Store, another_store: Store) -> None:
        full = new_record()
        empty = replace(new_record(), actor=None, subject=None, session=None, ended=None)
        empty = replace(empty, detail=None, network=None, ip=None, user_agent=None)
        for record in (full, empty):
            await store.add_audit_record(record)

        assert sorted(await kept(another_store), key=str) == sorted((full, empty), key=str)

    @pytest.mark.parametrize("verb", CHANGES)
    @pytest.mark.requirement(88)
    async def test_what_changes_something_is_recorded_with_it(
        self, store: Store, another_store: Store, verb: str
    ) -> None:
        user, session = await signed_in(store)
        record = new_record()

        assert await CHANGES[verb](store, user, session, record)

        assert await kept(another_store) == [record]

    @pytest.mark.parametrize("what", REFUSALS)
    @pytest.mark.requirement(88)
    async def test_what_changes_nothing_is_not_recorded(self, store: Store, what: str) -> None:
        ada = await added(store, "ada@example.com", Role.ADMIN)

        try:
            assert not await REFUSALS[what](store, ada, new_record())
        except LastAdmin:
            assert "last admin" in what

        assert await kept(store) == []

    async def test_of_many_who_end_one_session_one_is_recorded(
        self, store: Store, another_store: Store
    ) -> None:
        _, session = await signed_in(store)
        records = [new_record() for _ in range(10)]

        ended = await asyncio.gather(
            *(
                (store, another_store)[n % 2].close_session(session.id, record=record)
                for n, record in enumerate(records)
            )
        )

        assert await kept(store) == [records[ended.index(True)]]
        assert ended.count(True) == 1

    @pytest.mark.parametrize("verb", CHANGES)
    async def test_a_change_that_cannot_be_recorded_is_not_made(
        self, store: Store, verb: str
    ) -> None:
        """The record's id is taken: our bug, and the change is undone with it."""
        user, session = await signed_in(store)
        record = new_record()
        await store.add_audit_record(record)
        before = await everything(store, user)

        with pytest.raises(Exception):  # noqa: B017, PT011 - each driver has its own.
            await CHANGES[verb](store, user, session, record)

        assert await everything(store, user) == before
        assert await kept(store) == [record]

    async def test_records_are_listed_newest_first_and_page_by_page(self, store: Store) -> None:
        records = await several(store, 5)

        first = await store.list_audit(AuditQuery(2))
        second = await store.list_audit(AuditQuery(2, before=first[-1].id))
        third = await store.list_audit(AuditQuery(2, before=second[-1].id))

        assert [*first, *second, *third] == records[::-1]
        assert await store.list_audit(AuditQuery(2, before=records[0].id)) == []

    async def test_every_filter_holds_alone_and_with_the_others(self, store: Store) -> None:
        records = [
            replace(new_record(NOW + timedelta(milliseconds=n)), actor=a, subject=b, name=c)
            for n, (a, b, c) in enumerate(product("ax", "bx", "cx"))
        ]
        for record in records:
            await store.add_audit_record(record)

        for a, b, c in product(("a", None), ("b", None), ("c", None)):
            query = AuditQuery(100, None, UserId(a) if a else None, UserId(b) if b else None, c)
            assert await store.list_audit(query) == [
                record
                for record in records[::-1]
                if a in {None, record.actor}
                if b in {None, record.subject}
                if c in {None, record.name}
            ]

    @pytest.mark.parametrize("text", ["\0", "\ud800", "$ne", "' OR 1=1 --"])
    async def test_what_cannot_be_there_is_not_found(self, store: Store, text: str) -> None:
        await several(store, 1)

        assert await store.list_audit(AuditQuery(10, actor=UserId(text))) == []
        assert await store.list_audit(AuditQuery(10, name=text)) == []

    async def test_a_sealed_record_has_its_place_and_waits_no_longer(self, store: Store) -> None:
        records = await several(store, 3)
        assert await store.list_unsealed("", 2) == records[:2]
        assert await store.list_unsealed(records[1].id, 2) == records[2:]
        assert await store.find_audit_head() is None

        sealed = await seal_all(store, records)

        assert await store.list_unsealed("", 10) == []
        assert await store.list_sealed(0, 2) == sealed[:2]
        assert await store.list_sealed(2, 2) == sealed[2:]
        assert await store.list_sealed(None, 2) == sealed[:2]
        assert await store.find_audit_head() == head_at(3)

    async def test_a_look_at_all_that_is_sealed_begins_below_every_number(
        self, store: Transfer
    ) -> None:
        first = replace(new_record(), seq=1, chain=SOME_HASH)
        below = [replace(new_record(), seq=seq, chain=SOME_HASH) for seq in (-(2**63), -1, 0)]
        await store.import_audit([first, *below], [])

        assert await store.list_sealed(None, 10) == [*below, first]
        assert await store.list_sealed(None, 2) == below[:2]
        assert await store.list_sealed(0, 10) == [first]

    @pytest.mark.requirement(88)
    async def test_of_many_who_seal_at_once_one_does(
        self, store: Store, another_store: Store
    ) -> None:
        records = await several(store, 4)
        await seal_all(store, records[:2])
        seals = seals_of(records[2:], 3)

        outcomes = await asyncio.gather(
            *(
                (store, another_store)[n % 2].seal_audit(seals, head_at(2), head_at(4))
                for n in range(8)
            )
        )

        assert outcomes.count(True) == 1
        assert [record.seq for record in await store.list_sealed(0, 10)] == [1, 2, 3, 4]
        assert await store.find_audit_head() == head_at(4)

    async def test_of_many_who_seal_the_first_one_does(
        self, store: Store, another_store: Store
    ) -> None:
        seals = seals_of(await several(store, 2))

        outcomes = await asyncio.gather(
            *((store, another_store)[n % 2].seal_audit(seals, None, head_at(2)) for n in range(8))
        )

        assert outcomes.count(True) == 1
        assert await store.list_unsealed("", 10) == []

    async def test_who_read_an_older_head_seals_nothing(self, store: Store) -> None:
        records = await several(store, 3)
        await seal_all(store, records[:1])

        assert not await store.seal_audit(seals_of(records[1:], 2), None, head_at(3))
        assert not await store.seal_audit(seals_of(records[1:], 2), head_at(2), head_at(3))

        assert await store.list_unsealed("", 10) == records[1:]
        assert await store.find_audit_head() == head_at(1)

    async def test_no_place_is_given_twice(self, store: Transfer) -> None:
        records = await several(store, 2)
        await seal_all(store, records[:1])
        await store.keep_audit_head(None)

        assert not await store.seal_audit(seals_of(records[1:]), None, head_at(1))

        assert await store.list_unsealed("", 10) == records[1:]
        assert await store.find_audit_head() is None

    async def test_a_record_that_is_gone_leaves_its_place_empty(self, store: Transfer) -> None:
        records = await several(store, 3)
        seals = seals_of(records)
        await store.import_audit([], [records[1].id])

        assert await store.seal_audit(seals, None, head_at(3))

        assert [record.seq for record in await store.list_sealed(0, 10)] == [1, 3]

    async def test_trimming_erases_what_is_old_and_nothing_else(self, store: Store) -> None:
        records = await several(store, 4)
        records = [*(await seal_all(store, records[:1])), *records[1:]]
        before = NOW + timedelta(milliseconds=3)

        assert await store.trim_audit(before, 2) == 2
        assert await store.trim_audit(before, 2) == 1
        assert await store.trim_audit(before, 2) == 0

        trimmed = [replace(each, ip=None, user_agent=None, salt=None) for each in records[:3]]
        assert await kept(store) == [*trimmed, records[3]]

    async def test_an_export_goes_on_from_where_it_was(self, store: Store) -> None:
        records = await several(store, 3)

        assert await store.export_audit("", 2) == records[:2]
        assert await store.export_audit(records[1].id, 2) == records[2:]

    async def test_records_are_moved_as_they_are(self, store: Transfer) -> None:
        plain, changed, gone = await several(store, 3)
        sealed = replace(changed, seq=7, chain=SOME_HASH, ip=None, user_agent=None, salt=None)
        new = replace(new_record(now=NOW + timedelta(seconds=1)), seq=8, chain=SOME_HASH)

        for _ in range(2):
            await store.import_audit([sealed, new], [gone.id, "x"])

        assert await kept(store) == [plain, sealed, new]
        assert await store.list_unsealed("", 10) == [plain]
        assert await store.list_sealed(6, 10) == [sealed, new]
        assert (await store.count(NOW)).audit == 3

    async def test_the_head_is_moved_or_is_none(self, store: Transfer) -> None:
        for head in (head_at(3), head_at(9), None, None, head_at(1)):
            await store.keep_audit_head(head)
            assert await store.find_audit_head() == head


async def everything(store: Store, user: User) -> list[object]:
    everybody = [await store.find_credentials(user.email)]
    sessions = await store.list_sessions(user.id, NOW - timedelta(days=1))
    return [*everybody, *sessions, await store.find_user(user.id)]
