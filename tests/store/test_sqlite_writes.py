"""Writes that share a commit stay strangers to one another."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from keystead.domain.errors import LastAdmin, StoreDown
from keystead.domain.user import Role, UserQuery
from keystead.store import sqlite
from keystead.store.sqlite import SqliteStore
from keystead.store.sqlite_writer import MAX_SHARED
from tests.store.samples import HASH, NOW, added, new_user
from tests.store.sqlite_files import busy, open_sqlite, write_lock_held_elsewhere, writer_of


@pytest.fixture
async def store(file: Path) -> AsyncIterator[SqliteStore]:
    async with open_sqlite(file) as store:
        yield store


async def count_commits(store: SqliteStore, writes: int) -> int:
    """Return in how many commits *writes* that wait together end up."""
    statements: list[str] = []
    async with busy(store):
        writer_of(store)._db.set_trace_callback(statements.append)
        adding = [
            asyncio.create_task(store.add_user(new_user(f"{n}@example.com"), HASH, record=None))
            for n in range(writes)
        ]
        await asyncio.sleep(0)  # All of them are in the queue now.
    assert all(await asyncio.gather(*adding))
    await store.take_lease("x", "y", NOW, NOW)  # The trace of everything before it is complete.
    writer_of(store)._db.set_trace_callback(None)
    return statements.count("COMMIT") - 2  # less those of the job that kept it busy and the lease


async def test_writes_that_wait_together_share_one_commit(store: SqliteStore) -> None:
    assert await count_commits(store, 100) == 1
    assert len(await store.list_users(UserQuery(1000))) == 100


async def test_a_commit_is_shared_by_no_more_than_the_bound(store: SqliteStore) -> None:
    assert await count_commits(store, 2 * MAX_SHARED + 1) == 3


async def test_a_write_alone_does_not_wait_for_company(store: SqliteStore) -> None:
    async with asyncio.timeout(5):
        assert await store.add_user(new_user(), HASH, record=None)


async def test_a_write_is_in_the_file_when_it_returns(store: SqliteStore, file: Path) -> None:
    neighbour = sqlite3.connect(file)
    for n in range(20):
        await added(store, f"{n}@example.com")
        assert neighbour.execute("SELECT count(*) FROM users").fetchone() == (n + 1,)
    neighbour.close()


async def test_a_write_that_fails_does_not_disturb_the_others(store: SqliteStore) -> None:
    ada = await added(store, "ada@example.com", Role.ADMIN)
    bob = await added(store)
    async with busy(store):
        waiting = [
            asyncio.create_task(store.add_user(new_user("before@example.com"), HASH, record=None)),
            asyncio.create_task(store.add_user(new_user(bob.email), HASH, record=None)),
            asyncio.create_task(store.delete_user(ada.id, record=None)),
            asyncio.create_task(store.add_user(bob, HASH, record=None)),
            asyncio.create_task(store.add_user(new_user("after@example.com"), HASH, record=None)),
        ]
        await asyncio.sleep(0)

    before, taken, refused, _, after = await asyncio.gather(*waiting, return_exceptions=True)

    assert (before, taken, after) == (True, False, True)
    assert isinstance(refused, LastAdmin)
    emails = [user.email for user in await store.list_users(UserQuery(10))]
    assert emails == ["ada@example.com", "after@example.com", "before@example.com", bob.email]


async def test_a_write_that_fails_half_way_is_undone_alone(store: SqliteStore) -> None:
    bob, eve = await added(store), await added(store, "eve@example.com")

    def fail_half_way(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM users WHERE id = ?", (bob.id,))
        raise ZeroDivisionError

    async with busy(store):
        failing = asyncio.create_task(writer_of(store).run(fail_half_way))
        deleting = asyncio.create_task(store.delete_user(eve.id, record=None))
        await asyncio.sleep(0)

    with pytest.raises(ZeroDivisionError):
        await failing
    assert await deleting == eve
    assert await store.list_users(UserQuery(10)) == [bob]


@pytest.mark.parametrize(
    ("kinds", "is_on_the_loop"),
    [([True], True), ([True, True], True), ([False], False), ([True, False], False)],
)
async def test_only_short_writes_are_done_on_the_loops_thread(
    store: SqliteStore, kinds: list[bool], *, is_on_the_loop: bool
) -> None:
    threads: set[int] = set()

    def note_thread(_: sqlite3.Connection) -> None:
        threads.add(threading.get_ident())

    writer = writer_of(store)
    await asyncio.gather(*(writer.run(note_thread, is_short=is_short) for is_short in kinds))

    assert (threads == {threading.get_ident()}) is is_on_the_loop


async def test_purging_does_not_hold_up_the_event_loop(store: SqliteStore) -> None:
    loop = threading.get_ident()
    threads: list[int] = []
    writer_of(store)._db.set_trace_callback(lambda _: threads.append(threading.get_ident()))

    await store.purge_expired(NOW, 10)
    await store.purge_attempts(NOW, 10)
    await store.trim_audit(NOW, 10)

    writer_of(store)._db.set_trace_callback(None)
    assert threads
    assert loop not in threads


async def test_while_somebody_else_writes_the_event_loop_goes_on(
    store: SqliteStore, file: Path
) -> None:
    with write_lock_held_elsewhere(file):
        adding = asyncio.create_task(store.add_user(new_user(), HASH, record=None))
        async with asyncio.timeout(2):
            await asyncio.sleep(0.05)
        assert not adding.done()

    assert await adding


async def test_a_caller_who_goes_away_leaves_the_write_in_place(store: SqliteStore) -> None:
    user = new_user()
    async with busy(store):
        adding = asyncio.create_task(store.add_user(user, HASH, record=None))
        await asyncio.sleep(0)
        adding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await adding

    await added(store, "next@example.com")  # The thread is alive, and past the first one.
    assert await store.find_user(user.id) == user


async def test_a_write_gives_up_on_another_process_and_reads_go_on(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "WRITE_WAIT_MS", 50)
    async with open_sqlite(file) as store:
        bob, late = await added(store), new_user("late@example.com")

        with write_lock_held_elsewhere(file):
            with pytest.raises(StoreDown):
                await store.add_user(late, HASH, record=None)
            assert await store.find_user(bob.id) == bob
            assert await store.find_user(late.id) is None

        assert await store.add_user(late, HASH, record=None)


async def test_a_write_waits_for_another_process_that_is_done_in_time(file: Path) -> None:
    async with open_sqlite(file) as store:
        with write_lock_held_elsewhere(file):
            adding = asyncio.create_task(store.add_user(new_user(), HASH, record=None))
            done, _ = await asyncio.wait({adding}, timeout=0.05)
            assert not done
        assert await adding


async def test_a_full_disk_is_said_and_leaves_nothing_behind(store: SqliteStore) -> None:
    await added(store)

    def fill(db: sqlite3.Connection) -> None:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}")

    await writer_of(store).run(fill)
    outcomes = await asyncio.gather(
        *(store.add_user(new_user(f"{n}@example.com"), HASH, record=None) for n in range(500)),
        return_exceptions=True,
    )
    assert any(isinstance(outcome, StoreDown) for outcome in outcomes)
    await writer_of(store).run(
        lambda db: db.execute("PRAGMA max_page_count = 1073741823").fetchall()
    )

    assert await store.add_user(new_user("later@example.com"), HASH, record=None)
