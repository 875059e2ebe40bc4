"""
A session is read once and remembered until somebody commits; whoever commits, it is the truth.

The other processes here are connections of their own, and where it matters, processes.
"""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from keystead.domain.errors import StoreDown
from keystead.domain.session import Session, SessionId
from keystead.domain.tokens import Rotated
from keystead.domain.user import Role, Status, User
from keystead.store import sqlite_known, sqlite_wal_index
from keystead.store.sqlite import SqliteStore
from keystead.store.sqlite_known import KnownSessions
from keystead.store.sqlite_wal_index import find_wal_index
from tests.store.samples import CAP, IDLE, NOW, added, new_session, opened, signed_in
from tests.store.sqlite_files import busy, open_sqlite, writer_of

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
async def store(file: Path) -> AsyncIterator[SqliteStore]:
    async with open_sqlite(file) as store:
        yield store


async def reads(store: SqliteStore, *sessions: Session) -> int:
    """Look for each session, and return for how many of them the file was read."""
    assert store._reader is not None
    statements: list[str] = []
    store._reader.set_trace_callback(statements.append)
    for session in sessions:
        await store.find_session(session.id)
    store._reader.set_trace_callback(None)
    return len(statements)


async def in_the_file(file: Path, session: Session) -> object:
    async with open_sqlite(file) as another:
        return await another.find_session(session.id)


def elsewhere(file: Path, *statements: str) -> None:
    """Commit something through another connection."""
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement).fetchall()


async def test_a_session_is_read_once_while_nobody_commits(store: SqliteStore) -> None:
    bob, session = await signed_in(store)

    assert await reads(store, session) == 1
    assert await reads(store, session, session) == 0

    found = await store.find_session(session.id)
    assert found is not None
    assert (found.user, found.session) == (bob, session)


async def test_a_session_that_is_not_there_is_looked_for_each_time(store: SqliteStore) -> None:
    bob = await added(store)
    session = new_session(bob)
    assert await reads(store, session, session) == 2

    assert await store.open_session(session, CAP, record=None)

    assert await store.find_session(session.id) is not None


Change = Callable[[SqliteStore, User, Session], Awaitable[object]]

CHANGES: dict[str, Change] = {
    "used": lambda store, _, mine: store.touch_session(mine.id, LATER, LATER + IDLE),
    "rotated": lambda store, _, mine: store.rotate_refresh_token(mine.id, 0, LATER, LATER + IDLE),
    "closed": lambda store, _, mine: store.close_session(mine.id, record=None),
    "closed by its owner": lambda store, user, mine: store.close_session(
        mine.id, user.id, record=None
    ),
    "closed with all": lambda store, user, _: store.close_sessions(user.id, record=None),
    "evicted": lambda store, user, _: store.open_session(new_session(user, LATER), 1, record=None),
    "purged": lambda store, _, mine: store.purge_expired(mine.expires_at, 1),
    "of an admin now": lambda store, user, _: store.change_role(
        user.id, Role.ADMIN, LATER, record=None
    ),
    "disabled": lambda store, user, _: store.change_status(
        user.id, Status.DISABLED, LATER, record=None
    ),
    "deleted": lambda store, user, _: store.delete_user(user.id, record=None),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_what_is_changed_here_is_read_anew_and_nothing_else(
    store: SqliteStore, file: Path, name: str
) -> None:
    bob, changed = await signed_in(store)
    _, other = await signed_in(store, "eve@example.com")
    if name == "purged":
        await store.touch_session(other.id, LATER, LATER + IDLE)
    before = await store.find_session(changed.id)
    await store.find_session(other.id)

    await CHANGES[name](store, bob, changed)

    assert await reads(store, other) == 0
    found = await store.find_session(changed.id)
    assert found != before
    assert found == await in_the_file(file, changed)


async def test_a_session_that_was_rotated_is_known_as_it_is_now(
    store: SqliteStore, file: Path
) -> None:
    _, session = await signed_in(store)
    await store.find_session(session.id)
    # Finer than what is kept: what is known is what would be read.
    now, expires_at = LATER + timedelta(microseconds=7), LATER + IDLE + timedelta(microseconds=7)

    outcome = await store.rotate_refresh_token(session.id, 0, now, expires_at)

    assert await reads(store, session) == 0
    found = await store.find_session(session.id)
    assert found == await in_the_file(file, session)
    assert found is not None
    assert outcome == Rotated(found)


@pytest.mark.parametrize("name", ["used", "closed", "of an admin now", "disabled", "deleted"])
async def test_what_is_changed_after_a_rotation_in_the_same_commit_holds(
    store: SqliteStore, file: Path, name: str
) -> None:
    bob, session = await signed_in(store)
    await added(store, "ada@example.com", Role.ADMIN)
    await store.find_session(session.id)

    async with busy(store):
        rotating = asyncio.create_task(store.rotate_refresh_token(session.id, 0, NOW, NOW + IDLE))
        changing = asyncio.ensure_future(CHANGES[name](store, bob, session))
        await asyncio.sleep(0)

    assert isinstance(await rotating, Rotated)
    await changing
    assert await store.find_session(session.id) == await in_the_file(file, session)


async def test_a_rotation_whose_commit_fails_is_not_known(store: SqliteStore, file: Path) -> None:
    _, session = await signed_in(store)
    before = await store.find_session(session.id)

    def fail(_: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError

    async with busy(store):
        rotating = asyncio.create_task(store.rotate_refresh_token(session.id, 0, LATER, LATER))
        failing = asyncio.create_task(writer_of(store).run(fail, is_short=True))
        await asyncio.sleep(0)

    for write in (rotating, failing):
        with pytest.raises(StoreDown):
            await write
    assert await store.find_session(session.id) == before == await in_the_file(file, session)


async def test_a_write_that_fails_leaves_what_is_remembered(store: SqliteStore) -> None:
    _, session = await signed_in(store)
    before = await store.find_session(session.id)

    def fail(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM sessions")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await writer_of(store).run(fail)

    assert await store.find_session(session.id) == before


async def test_a_commit_that_fails_leaves_the_truth(store: SqliteStore) -> None:
    _, session = await signed_in(store)
    before = await store.find_session(session.id)

    def fail(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM sessions")
        raise sqlite3.OperationalError

    with pytest.raises(StoreDown):
        await writer_of(store).run(fail)

    assert await store.find_session(session.id) == before
    assert await store.close_session(session.id, record=None)
    assert await store.find_session(session.id) is None


ELSEWHERE = {
    "a revocation": ["DELETE FROM sessions"],
    "a user disabled": ["UPDATE users SET status = 'disabled'"],
    "a role": ["UPDATE users SET role = 'admin'"],
    "one that spills its pages": [
        "PRAGMA cache_size = 1",
        "BEGIN",
        """CREATE TABLE much AS WITH RECURSIVE n(i) AS
        (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i, hex(i) FROM n""",
        "DELETE FROM sessions",
        "COMMIT",
    ],
    "all, then the file made anew": ["DELETE FROM sessions", "VACUUM"],
}
CHECKPOINTS = ["PASSIVE", "FULL", "RESTART", "TRUNCATE"]


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
@pytest.mark.parametrize("what", ELSEWHERE)
async def test_what_others_commit_holds_at_once(
    store: SqliteStore, file: Path, what: str, checkpoint: str
) -> None:
    _, session = await signed_in(store)
    before = await store.find_session(session.id)
    elsewhere(file, f"PRAGMA wal_checkpoint({checkpoint})")
    assert await store.find_session(session.id) == before

    elsewhere(file, *ELSEWHERE[what], f"PRAGMA wal_checkpoint({checkpoint})")

    found = await store.find_session(session.id)
    assert found != before
    assert found == await in_the_file(file, session)


async def test_a_back_up_that_is_put_back_holds_at_once(
    store: SqliteStore, file: Path, tmp_path: Path
) -> None:
    bob = await added(store)
    with (
        closing(sqlite3.connect(file)) as db,
        closing(sqlite3.connect(tmp_path / "copy.db")) as copy,
    ):
        db.backup(copy)
        session = await opened(store, bob)
        assert await reads(store, session, session) == 1

        copy.backup(db)

    assert await store.find_session(session.id) is None


async def test_others_who_come_and_go_change_nothing(store: SqliteStore, file: Path) -> None:
    _, session = await signed_in(store)
    await store.find_session(session.id)

    for _ in range(3):
        elsewhere(file, "SELECT count(*) FROM sessions", "PRAGMA wal_checkpoint")

    assert await reads(store, session) == 0


KILLED_WHILE_WRITING = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN IMMEDIATE")
db.execute("DELETE FROM sessions")
for n in range(2000):
    db.execute("INSERT INTO installation VALUES (?, 'x')", (f"{n:0200}",))
os.kill(os.getpid(), signal.SIGKILL)
"""


async def test_what_a_killed_process_had_not_committed_changes_nothing(
    store: SqliteStore, file: Path
) -> None:
    _, session = await signed_in(store)
    before = await store.find_session(session.id)

    arguments = [sys.executable, "-c", KILLED_WHILE_WRITING, str(file)]
    assert (await asyncio.to_thread(subprocess.run, arguments, check=False)).returncode == -9

    assert await store.find_session(session.id) == before
    assert await store.close_session(session.id, record=None)
    assert await store.find_session(session.id) is None


@pytest.mark.parametrize("place", ["8", "56"], ids=["the first copy", "the second copy"])
async def test_a_header_that_a_killed_process_left_half_written_is_not_believed(
    store: SqliteStore, file: Path, place: str
) -> None:
    _, session = await signed_in(store)
    before = await store.find_session(session.id)
    half = "open(sys.argv[1] + '-shm', 'r+b') as f: f.seek(int(sys.argv[2])); f.write(b'\\xff' * 8)"
    arguments = [sys.executable, "-c", f"import sys\nwith {half}", str(file), place]

    await asyncio.to_thread(subprocess.run, arguments, check=True)

    assert await reads(store, session) > 0  # And this read has SQLite put the header right.
    elsewhere(file, "DELETE FROM sessions WHERE id = 'nobody'")
    assert await store.find_session(session.id) == before
    elsewhere(file, "DELETE FROM sessions")
    assert await store.find_session(session.id) is None


async def test_a_commit_of_another_process_right_behind_ours_is_not_taken_for_ours(
    store: SqliteStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, revoked = await signed_in(store)
    _, used = await signed_in(store, "eve@example.com")
    await store.find_session(revoked.id)
    look = KnownSessions.header

    def look_too_late(known: KnownSessions) -> bytes:
        monkeypatch.undo()
        elsewhere(file, f"DELETE FROM sessions WHERE id = '{revoked.id}'")
        return look(known)

    # The next to look is the thread that writes, once its commit is done.
    monkeypatch.setattr(KnownSessions, "header", look_too_late)
    await store.touch_session(used.id, LATER, LATER + IDLE)

    assert await store.find_session(revoked.id) is None


async def test_a_commit_of_another_process_right_before_ours_is_not_overlooked(
    store: SqliteStore, file: Path
) -> None:
    _, revoked = await signed_in(store)
    _, used = await signed_in(store, "eve@example.com")
    await store.find_session(revoked.id)

    elsewhere(file, f"DELETE FROM sessions WHERE id = '{revoked.id}'")
    await store.touch_session(used.id, LATER, LATER + IDLE)

    assert await store.find_session(revoked.id) is None


async def test_who_looks_while_our_commit_is_made_known_does_not_make_all_be_forgotten(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, session = await signed_in(store)
    _, used = await signed_in(store, "eve@example.com")
    await store.find_session(session.id)
    look = KnownSessions.header

    def look_while_others_do(known: KnownSessions) -> bytes:
        monkeypatch.undo()
        assert asyncio.run(store.find_session(used.id)) is not None
        return look(known)

    monkeypatch.setattr(KnownSessions, "header", look_while_others_do)
    await store.touch_session(used.id, LATER, LATER + IDLE)

    assert await reads(store, session) == 0
    assert await reads(store, used) == 1


async def test_tables_that_were_made_anew_are_watched_as_before(
    store: SqliteStore, file: Path
) -> None:
    bob, session = await signed_in(store)
    _, other = await signed_in(store, "eve@example.com")
    for table in ("users", "sessions"):
        elsewhere(
            file, f"ALTER TABLE {table} RENAME TO away", f"ALTER TABLE away RENAME TO {table}"
        )
    await store.find_session(session.id)
    await store.find_session(other.id)

    await store.touch_session(other.id, LATER, LATER + IDLE)
    await store.change_role(bob.id, Role.ADMIN, LATER, record=None)

    for one in (session, other):
        assert await store.find_session(one.id) == await in_the_file(file, one)


async def test_no_more_is_remembered_than_the_bound(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_known, "REMEMBERED", 2)
    bob = await added(store)
    sessions = [await opened(store, bob) for _ in range(3)]

    assert await reads(store, *sessions) == 3
    assert await reads(store, *sessions[1:]) == 0
    assert await reads(store, sessions[0]) == 1


async def test_without_the_header_each_session_is_read_each_time(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_wal_index, "OPEN_FILES", "/nowhere")
    async with open_sqlite(file) as store:
        _, session = await signed_in(store)
        assert await reads(store, session, session) == 2


def test_a_file_that_nobody_has_open_has_no_header(file: Path) -> None:
    file.with_name(f"{file.name}-shm").write_bytes(bytes(32_768))
    assert find_wal_index(file) is None


UNSETTLED = {
    "none yet": bytes(96),
    "of another version": b"\xff" * 96,
    "of another version, half": (3_007_000).to_bytes(4, sys.byteorder) + bytes(92),
}


@pytest.mark.parametrize("name", UNSETTLED)
async def test_under_a_header_that_is_not_understood_nothing_is_remembered(
    store: SqliteStore, name: str
) -> None:
    _, session = await signed_in(store)
    found, known = await store.find_session(session.id), store._known
    assert found is not None
    assert known is not None

    known.keep(session.id, found, UNSETTLED[name])

    assert known.find(session.id, UNSETTLED[name]) is None


WRITES = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
try:
    db.execute("BEGIN IMMEDIATE")
except sqlite3.OperationalError as error:
    print(error.sqlite_errorname)
"""


async def test_a_store_that_closes_leaves_another_one_of_this_process_its_locks(
    store: SqliteStore, file: Path
) -> None:
    async with open_sqlite(file) as another:
        await signed_in(another)
    async with busy(store):
        async with open_sqlite(file) as another:
            await another.has_admin()
        arguments = [sys.executable, "-c", WRITES, str(file)]
        done = await asyncio.to_thread(subprocess.run, arguments, capture_output=True, check=True)

    assert done.stdout == b"SQLITE_BUSY\n"


REVOKES = """
import random, sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
for session in sys.stdin.read().split():
    db.execute("DELETE FROM sessions WHERE id = ?", (session,))
    print(session, flush=True)
    match random.randrange(6):
        case 0:
            mode = random.choice(["PASSIVE", "FULL", "RESTART", "TRUNCATE"])
            db.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        case 1:
            db.close()
            db = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
"""
REVOKED = 150
"""By each of two processes."""


async def revoke(file: Path, sessions: list[Session], gone: set[SessionId]) -> None:
    """Have another process end the sessions; each is *gone* once that process says so."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", REVOKES, str(file)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n".join(session.id for session in sessions).encode())
    process.stdin.close()
    async for line in process.stdout:
        gone.add(SessionId(line.decode().strip()))
    assert await process.wait() == 0


async def test_what_two_other_processes_have_revoked_is_never_found_again(
    store: SqliteStore, file: Path
) -> None:
    bob = await added(store)
    sessions = [new_session(bob) for _ in range(2 * REVOKED)]
    kept = new_session(bob)
    await asyncio.gather(*(store.open_session(one, 1000, record=None) for one in [*sessions, kept]))
    gone: set[SessionId] = set()
    tasks = [revoke(file, sessions[:REVOKED], gone), revoke(file, sessions[REVOKED:], gone)]
    revoking = asyncio.gather(*tasks)

    looks = 0
    moment = NOW
    while not revoking.done():
        moment += timedelta(minutes=1)
        using = asyncio.create_task(store.touch_session(kept.id, moment, moment + IDLE))
        while not using.done():  # The thread that writes is at work as well.
            for session in sessions[looks % 10 :: 10]:
                is_over = session.id in gone
                found = await store.find_session(session.id)
                assert not (is_over and found), "it was found after it had been revoked"
            looks += 1
            await asyncio.sleep(0)
        mine = await store.find_session(kept.id)
        assert mine is not None
        assert mine.session == replace(kept, last_active_at=moment, expires_at=moment + IDLE)
    await revoking

    assert len(gone) == 2 * REVOKED
    assert looks > 20  # Fewer where a commit has no disk to wait for.


async def test_what_this_process_revokes_is_never_found_again(store: SqliteStore) -> None:
    bob = await added(store)
    sessions = [new_session(bob) for _ in range(300)]
    await asyncio.gather(*(store.open_session(one, 1000, record=None) for one in sessions))
    gone: set[SessionId] = set()

    async def close(session: Session) -> None:
        assert await store.close_session(session.id, record=None)
        gone.add(session.id)

    async def use(session: Session) -> None:
        outcome = await store.rotate_refresh_token(session.id, 0, LATER, LATER + IDLE)
        if isinstance(outcome, Rotated):
            found = await store.find_session(session.id)
            assert found is None or found.session.generation == 1

    async def look() -> None:
        while len(gone) < len(sessions):
            for session in sessions:
                is_over = session.id in gone
                found = await store.find_session(session.id)
                assert not (is_over and found), "it was found after it had been revoked"
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    for start in range(0, len(sessions), 20):
        some = sessions[start : start + 20]
        await asyncio.gather(*map(use, some), *map(close, some))
        await asyncio.sleep(0)
    await looking
