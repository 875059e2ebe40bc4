"""
What is written when nothing fits any more; a real full disk is in tests/server/test_outage.py.

Here a file that may not grow stands for the disk: SQLite says the same of both.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from keystead.domain.errors import StoreDown
from keystead.domain.user import Role, Status
from keystead.store import sqlite_ballast
from keystead.store.sqlite import SqliteStore
from keystead.store.sqlite_ballast import BALLAST_BYTES
from tests.store.samples import HASH, NOW, added, new_user, opened, signed_in
from tests.store.sqlite_files import busy, writer_of

UNLIMITED = 2**31 - 2
"""Pages: SQLite's own default (sqlite.org/pragma.html#pragma_max_page_count)."""

TOO_LARGE = "x" * 100_000


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
async def store(file: Path, told: list[str]) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(file, lambda event, _: told.append(event))
    await store.open()
    yield store
    await store.close()


def ballast_of(file: Path) -> Path:
    return file.with_name(f"{file.name}-ballast")


async def may_grow_to(store: SqliteStore, pages: int) -> None:
    await writer_of(store).run(lambda db: db.execute(f"PRAGMA max_page_count = {pages}"))


async def add_much(store: SqliteStore) -> bool:
    return await store.add_user(new_user(f"{TOO_LARGE}@example.com"), HASH, record=None)


async def test_an_open_database_has_a_ballast_that_takes_room(
    store: SqliteStore, file: Path, told: list[str]
) -> None:
    await added(store)

    found = ballast_of(file).stat()

    assert found.st_size == BALLAST_BYTES
    assert found.st_blocks * 512 >= BALLAST_BYTES
    assert told == []


async def test_a_sign_out_that_shares_a_commit_with_what_does_not_fit_comes_through(
    store: SqliteStore, file: Path, told: list[str]
) -> None:
    _, session = await signed_in(store)
    await may_grow_to(store, 1)

    async with busy(store):
        adding = asyncio.create_task(add_much(store))
        ending = asyncio.create_task(store.close_session(session.id, record=None))
        await asyncio.sleep(0)  # Both are in the queue now.

    assert await ending
    with pytest.raises(StoreDown) as refused:
        await adding
    assert "full" in str(refused.value.__cause__)
    assert await store.find_session(session.id) is None
    assert told == ["disk_full"]
    assert not ballast_of(file).exists()


async def test_everything_is_written_again_as_soon_as_there_is_room(
    store: SqliteStore, file: Path, told: list[str]
) -> None:
    await may_grow_to(store, 1)
    with pytest.raises(StoreDown):
        await add_much(store)

    await may_grow_to(store, UNLIMITED)

    assert await add_much(store)
    assert ballast_of(file).exists()
    assert told == ["disk_full", "disk_has_room"]


async def test_without_room_for_a_ballast_only_what_takes_away_is_written(
    store: SqliteStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await added(store, "ada@example.com", Role.ADMIN)
    bob, eve = await added(store), await added(store, "eve@example.com", Role.ADMIN)
    one, another, third = [await opened(store, bob) for _ in range(3)]
    ballast_of(file).unlink()
    # Nobody can have so much free space; what is asked for is the only thing that is not real here.
    monkeypatch.setattr(sqlite_ballast, "SPARE_BYTES", 2**62)

    for refused in (
        store.add_user(new_user("dan@example.com"), HASH, record=None),
        store.touch_session(one.id, NOW, NOW),
        store.rotate_refresh_token(one.id, 0, NOW, NOW),
        store.renew_authentication(one.id, NOW, record=None),
        store.change_role(bob.id, Role.ADMIN, NOW, record=None),
        store.change_status(bob.id, Status.ACTIVE, NOW, record=None),
        store.take_lease("x", "y", NOW, NOW),
    ):
        with pytest.raises(StoreDown):
            await refused
    assert await store.list_sessions(bob.id, NOW) != []
    assert await store.close_session(one.id, record=None)
    assert await store.close_session(another.id, owner=bob.id, record=None)
    assert await store.close_sessions(bob.id, record=None) == 1
    assert await store.find_session(third.id) is None
    assert await store.change_role(eve.id, Role.USER, NOW, record=None)
    assert await store.change_status(eve.id, Status.DISABLED, NOW, record=None)
    assert await store.delete_user(bob.id, record=None)


async def test_a_neighbour_that_gave_the_ballast_up_is_heeded(
    store: SqliteStore, file: Path
) -> None:
    """Whether the file is there is all that processes tell each other."""
    _, session = await signed_in(store)
    draft = ballast_of(file)
    draft.unlink()

    await added(store, "eve@example.com")

    assert draft.exists()
    assert await store.close_session(session.id, record=None)
