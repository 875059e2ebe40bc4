"""Copying from one database to another: whole, resumable, repeatable, and never over somebody's."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from keystead.domain.session import Device, Place
from keystead.domain.transfer import (
    CopyState,
    Counts,
    Part,
    Transfer,
    canonical_record,
    canonical_session,
    canonical_user,
)
from keystead.domain.user import Credentials, PasswordHash, Role, Status, User
from keystead.flows import compare
from keystead.flows.copy import Changes, Copied, Refusal, Rehearsed, copy, rehearse
from tests.store.contract_audit import seal_all, several
from tests.store.samples import (
    HASH,
    NOW,
    NOWHERE,
    added,
    new_record,
    new_session,
    new_user,
    opened,
    opened_until,
    signed_in,
)
from tests.store.sqlite_files import open_sqlite

PRINT = "0123456789abcdef"
LATER = NOW + timedelta(minutes=5)


class Killed(Exception):  # noqa: N818 - what happens to the copy.
    pass


@dataclass
class Teller:
    """Hears of progress, and may end the copy there, as `kill -9` would."""

    ends_at: tuple[str, int] | None = None
    told: list[tuple[str, int, int]] = field(default_factory=list)

    def __call__(self, what: str, done: int, total: int) -> None:
        self.told.append((what, done, total))
        if self.ends_at == (what, done):
            raise Killed


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "BATCH", 3)


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[Transfer]:
    """A database in use: ten users, thirteen live sessions, seven records of which five are sealed."""
    async with open_sqlite(tmp_path / "source.db") as store:
        await store.bind_secrets(PRINT)
        for n in range(10):
            user = await added(store, f"{n}@example.com", Role.USER if n else Role.ADMIN)
            for _ in range(n % 4):
                await opened(store, user)
        await opened_until(store, user, NOW)  # over, and left behind
        await seal_all(store, await several(store, 5))
        for _ in range(2):
            await store.add_audit_record(new_record(NOW + timedelta(seconds=1)))
        yield store


@pytest.fixture
async def target(tmp_path: Path) -> AsyncIterator[Transfer]:
    async with open_sqlite(tmp_path / "target.db") as store:
        yield store


async def content(store: Transfer) -> tuple[object, ...]:
    return (
        await store.export_users("", 5000),
        await store.export_sessions("", 5000, NOW),
        await store.export_audit("", 5000),
        await store.find_audit_head(),
    )


async def copied(source: Transfer, target: Transfer) -> Copied:
    """Copy with success."""
    outcome = await copy(source, target, NOW, Teller())
    assert isinstance(outcome, Copied)
    assert outcome.is_whole
    assert await content(target) == await content(source)
    return outcome


async def killed(source: Transfer, target: Transfer, what: str, done: int) -> None:
    with pytest.raises(Killed):
        await copy(source, target, NOW, Teller((what, done)))


async def users_of(store: Transfer) -> list[User]:
    return [each.user for each in await store.export_users("", 5000)]


async def test_everything_is_copied_and_tied_to_the_same_secrets(
    source: Transfer, target: Transfer
) -> None:
    outcome = await copied(source, target)

    assert (outcome.users, outcome.sessions) == (Changes(added=10), Changes(added=13))
    assert outcome.audit == Changes(added=7)
    assert await target.find_fingerprint() == PRINT
    state = await target.find_copy()
    assert state is not None
    assert state.is_finished
    for found, count in zip(outcome.compared.values(), (10, 13, 7), strict=True):
        assert (found.source.count, found.target.count) == (count, count)
        assert found.source.checksum == found.target.checksum


async def test_the_source_is_not_changed(source: Transfer, target: Transfer) -> None:
    before = await content(source)

    await copied(source, target)

    assert await content(source) == before
    assert await source.find_copy() is None


async def test_progress_is_told_batch_by_batch(source: Transfer, target: Transfer) -> None:
    teller = Teller()

    await copy(source, target, NOW, teller)

    assert [told for told in teller.told if told[0] == "users copied"] == [
        ("users copied", done, 10) for done in (0, 3, 6, 9, 10)
    ]
    assert teller.told[-1] == ("audit compared", 7, 7)
    assert {what for what, _, _ in teller.told} == {
        f"{part} {done}" for part in Part for done in ("copied", "compared")
    }


@pytest.mark.parametrize(
    "moment",
    [
        ("users copied", 0),
        ("users copied", 3),
        ("users copied", 9),
        ("users copied", 10),
        ("sessions copied", 0),
        ("sessions copied", 6),
        ("sessions copied", 13),
        ("users compared", 6),
        ("sessions compared", 13),
    ],
)
async def test_a_copy_that_was_killed_anywhere_is_unfinished_and_goes_on_from_there(
    source: Transfer, target: Transfer, moment: tuple[str, int]
) -> None:
    await killed(source, target, *moment)

    state = await target.find_copy()
    assert state is not None
    assert not state.is_finished
    assert await target.find_fingerprint() is None
    there = await target.count(NOW)
    outcome = await copied(source, target)
    assert (outcome.users.added, outcome.sessions.added) == (10 - there.users, 13 - there.sessions)
    # What lies before the cursor is not looked at again until both sides are compared.
    assert outcome.users.same + outcome.sessions.same == 0


async def test_a_copy_killed_again_and_again_is_whole_in_the_end(
    source: Transfer, target: Transfer
) -> None:
    for what, total in (("users copied", 10), ("sessions copied", 13)):
        for _ in range(-(-total // 3)):
            counts = await target.count(NOW)
            teller = Teller()
            done = 3 if total - (counts.users if total == 10 else counts.sessions) > 3 else None
            if done is not None:
                teller.ends_at = (what, done)
                with pytest.raises(Killed):
                    await copy(source, target, NOW, teller)

    await copied(source, target)


async def test_repeating_a_copy_changes_nothing(source: Transfer, target: Transfer) -> None:
    first = await copied(source, target)

    second = await copied(source, target)

    assert (second.users, second.sessions) == (Changes(same=10), Changes(same=13))
    assert [found.target.checksum for found in first.compared.values()] == [
        found.target.checksum for found in second.compared.values()
    ]


async def change_everything(source: Transfer) -> None:
    """What a server that runs meanwhile may do to rows that were copied already."""
    users = sorted(await users_of(source), key=lambda user: user.email)
    sessions = await source.export_sessions("", 100, NOW)
    await source.change_role(users[1].id, Role.ADMIN, LATER, record=None)
    await source.change_status(
        users[2].id, Status.DISABLED, LATER, record=None
    )  # ends two sessions
    await source.replace_password_hash(users[4].id, HASH, PasswordHash("$argon2id$new", 2))
    await source.delete_user(users[3].id, record=None)  # and three sessions
    newcomer = new_user(users[3].email, now=LATER)  # the address is free again
    assert await source.add_user(newcomer, HASH, record=None)
    await opened(source, newcomer)
    rotated = next(each for each in sessions if each.user_id == users[7].id)
    await source.rotate_refresh_token(rotated.id, 0, LATER, LATER + timedelta(days=1))
    closed = next(each for each in sessions if each.user_id == users[5].id)
    await source.close_session(closed.id, record=None)


async def test_what_changed_before_a_run_ended_is_found_and_the_next_run_carries_it(
    source: Transfer, target: Transfer
) -> None:
    await killed(source, target, "sessions copied", 13)
    await change_everything(source)

    differs = await copy(source, target, NOW, Teller())

    assert isinstance(differs, Copied)
    assert not differs.is_whole
    users, sessions = differs.compared[Part.USERS], differs.compared[Part.SESSIONS]
    assert (len(users.missing), len(users.changed), len(users.surplus)) == (1, 3, 1)
    assert len(sessions.changed) == 1
    assert len(sessions.surplus) == 2 + 3 + 1
    assert await target.find_fingerprint() is None
    outcome = await copied(source, target)
    assert outcome.users == Changes(added=1, changed=3, removed=1, same=6)


async def test_a_finished_copy_that_nobody_used_is_brought_up_to_date(
    source: Transfer, target: Transfer
) -> None:
    await copied(source, target)
    await change_everything(source)

    outcome = await copied(source, target)

    assert outcome.users == Changes(added=1, changed=3, removed=1, same=6)
    # Three more went with their user before sessions were looked at.
    assert outcome.sessions == Changes(added=1, changed=1, removed=3, same=6)


async def test_a_finished_copy_is_unfinished_while_it_is_brought_up_to_date(
    source: Transfer, target: Transfer
) -> None:
    await copied(source, target)

    await killed(source, target, "users copied", 3)

    state = await target.find_copy()
    assert state is not None
    assert not state.is_finished
    await copied(source, target)


async def test_a_finished_copy_that_was_used_is_left_alone(
    source: Transfer, target: Transfer
) -> None:
    await copied(source, target)
    await added(target, "new@example.com")
    before = await content(target)

    assert await copy(source, target, NOW, Teller()) is Refusal.TARGET_CHANGED

    assert await content(target) == before
    state = await target.find_copy()
    assert state is not None
    assert state.is_finished


async def test_what_is_surplus_at_the_very_end_goes(source: Transfer, target: Transfer) -> None:
    await killed(source, target, "users copied", 0)
    late = [await added(target, f"late{n}@example.com") for n in range(7)]
    await opened(target, late[0])

    outcome = await copied(source, target)

    assert outcome.users == Changes(added=10, removed=7)


async def test_a_copy_of_a_copy_goes_back(
    source: Transfer, target: Transfer, tmp_path: Path
) -> None:
    await copied(source, target)
    await added(target, "new@example.com")

    async with open_sqlite(tmp_path / "back.db") as back:
        await copied(target, back)


async def test_a_database_with_accounts_is_not_copied_over(
    source: Transfer, target: Transfer
) -> None:
    await signed_in(target)
    before = await content(target)

    assert await copy(source, target, NOW, Teller()) is Refusal.TARGET_IN_USE
    assert await rehearse(source, target, NOW, Teller()) is Refusal.TARGET_IN_USE

    assert await content(target) == before
    assert await target.find_copy() is None


async def test_an_empty_database_of_other_secrets_is_refused(
    source: Transfer, target: Transfer
) -> None:
    await target.bind_secrets("another")

    assert await copy(source, target, NOW, Teller()) is Refusal.TARGET_OF_OTHER_SECRETS


async def test_an_empty_database_that_a_server_was_started_with_is_refused(
    source: Transfer, target: Transfer
) -> None:
    # It may be running, and would serve a half.
    await target.bind_secrets(PRINT)

    assert await copy(source, target, NOW, Teller()) is Refusal.TARGET_IN_USE

    assert await target.count(NOW) == Counts(0, 0, 0)


async def test_the_copy_of_another_database_is_not_gone_on_with(
    source: Transfer, target: Transfer
) -> None:
    state = CopyState("another", Part.USERS, "0199")
    await target.keep_copy(state)

    assert await copy(source, target, NOW, Teller()) is Refusal.TARGET_OF_ANOTHER_COPY

    assert await target.find_copy() == state


async def test_a_database_that_was_never_used_is_no_source(
    target: Transfer, tmp_path: Path
) -> None:
    async with open_sqlite(tmp_path / "unused.db") as unused:
        assert await copy(unused, target, NOW, Teller()) is Refusal.SOURCE_UNUSED
        assert await rehearse(unused, None, NOW, Teller()) is Refusal.SOURCE_UNUSED

    assert await target.find_copy() is None


async def test_a_copy_that_is_not_whole_is_no_source(
    source: Transfer, target: Transfer, tmp_path: Path
) -> None:
    await killed(source, target, "users copied", 3)

    async with open_sqlite(tmp_path / "third.db") as third:
        assert await copy(target, third, NOW, Teller()) is Refusal.SOURCE_UNFINISHED


async def test_a_rehearsal_says_what_would_happen_and_changes_nothing(
    source: Transfer, target: Transfer
) -> None:
    wanted = Rehearsed(Changes(added=10), Changes(added=13), Changes(added=7), over=1)

    assert await rehearse(source, None, NOW, Teller()) == wanted
    assert await rehearse(source, target, NOW, Teller()) == wanted

    assert await target.count(NOW) == Counts(0, 0, 0)
    assert await target.find_copy() is None
    assert await target.find_fingerprint() is None


async def test_a_rehearsal_over_a_finished_copy_says_what_changed(
    source: Transfer, target: Transfer
) -> None:
    await copied(source, target)
    await change_everything(source)
    state = await target.find_copy()

    assert await rehearse(source, target, NOW, Teller()) == Rehearsed(
        Changes(added=1, changed=3, removed=1, same=6),
        Changes(added=1, changed=1, removed=6, same=6),
        Changes(same=7),
        over=1,
    )

    assert await target.find_copy() == state


OTHER_VALUES: dict[str, Any] = {
    "id": "x",
    "user_id": "y",
    "email": "x@example.com",
    "role": Role.ADMIN,
    "status": Status.DISABLED,
    "text": "other",
    "pepper_id": 2,
    "generation": 1,
    "salt": bytes(16),
    "client": NOWHERE,
    "ip": "192.0.2.99",
    "user_agent": "other",
    "device": Device(),
    "place": None,
}


def each_changed(thing: Any, otherwise: Any) -> list[Any]:
    """Return copies of a dataclass that each differ in another field."""
    return [
        replace(thing, **{each.name: OTHER_VALUES.get(each.name, otherwise)})
        for each in fields(thing)
    ]


def test_no_field_of_a_user_is_left_out_of_the_checksum() -> None:
    bob = Credentials(new_user(), HASH)
    others = [
        *(replace(bob, user=user) for user in each_changed(bob.user, LATER)),
        *(replace(bob, password=password) for password in each_changed(HASH, None)),
    ]

    assert len(others) == 8
    assert len({canonical_user(each) for each in (bob, *others)}) == 9


def test_no_field_of_a_session_is_left_out_of_the_checksum() -> None:
    session = replace(new_session(new_user()), rotated_at=NOW)
    client = session.client
    clients = [
        *each_changed(client, None),
        *(replace(client, device=device) for device in each_changed(client.device, "other")),
        *(replace(client, place=place) for place in each_changed(client.place, "other")),
        replace(client, place=Place()),
    ]
    others = [
        *each_changed(session, NOW + timedelta(days=99)),
        *(replace(session, client=client) for client in clients),
    ]

    assert len(others) == 11 + 4 + 3 + 6 + 1
    assert len({canonical_session(each) for each in (session, *others)}) == 1 + len(others)


async def test_sides_that_differ_in_many_rows_name_ten_of_them(
    source: Transfer, target: Transfer
) -> None:
    for n in range(30):
        await added(target, f"only{n}@example.com")

    found = await compare.compare(compare.USERS, source, target, lambda _: None)

    assert (found.source.count, found.target.count) == (10, 30)
    assert (len(found.missing), len(found.surplus), found.changed) == (10, 10, [])


def test_no_field_of_a_record_is_left_out_of_the_checksum() -> None:
    record = replace(new_record(), seq=1, chain=b"chain")
    # The version of the text is in it as well; a MAC covers all the rest.
    others = [
        replace(record, **{each.name: RECORD_VALUES.get(each.name, "other")})
        for each in fields(record)
    ]

    assert len({canonical_record(each) for each in (record, *others)}) == 1 + len(fields(record))


RECORD_VALUES: dict[str, Any] = {
    "at": NOW + timedelta(seconds=1),
    "salt": None,
    "digest": b"other",
    "key_id": 2,
    "mac": b"other",
    "seq": 2,
    "chain": b"other",
}
