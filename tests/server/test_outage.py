"""
The database or the disk is out of order: said with 503, never with a lie, and it passes.

A client that is told 401 because of an outage throws its session away, and one that is told 200
believes that it is signed out.
"""

import asyncio
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest

from tests.databases import Database
from tests.databases.sqlite import SqliteDatabase
from tests.people import Person
from tests.server.running import running

DISK_BYTES = 2**24
SESSIONS = 49
"""As many as one user can hold, less one."""
ALWAYS_TOUCH = {"KEYSTEAD_SESSION_TOUCH_INTERVAL": "0"}
"""Every request with a session writes its time of use."""


async def test_while_the_database_is_out_of_order_that_is_said_and_then_all_is_as_it_was(
    database: Database,
) -> None:
    with running(database) as server:
        async with server.client() as bobs, server.client() as eves:
            bob = await server.person("bob", bobs)
            eve = await server.person("eve", eves)
            workers = server.workers
            with database.broken():
                assert (await bobs.get("/livez")).status_code == 200
                _assert_unavailable(await bobs.get("/readyz"))
                _assert_unavailable(await Person(eves, "dan@example.com").register())
                _assert_unavailable(await bob.profile())
                _assert_unavailable(await bob.refresh())
                _assert_unavailable(await eve.post("/auth/logout", {}))

            assert server.workers == workers
            assert (await bobs.get("/readyz")).status_code == 200
            assert (await bob.refresh()).status_code == 200
            assert await eve.is_signed_in()
            assert (await eve.post("/auth/logout", {})).status_code == 200
            assert not await eve.is_signed_in()


@pytest.mark.only_on("sqlite", because="only a file can be locked by another program as a whole")
async def test_writes_are_refused_while_another_program_locks_the_database(
    database: SqliteDatabase,
) -> None:
    with running(database) as server:
        async with server.client() as bobs, server.client() as eves:
            bob = await server.person("bob", bobs)
            eve = await server.person("eve", eves)
            with closing(sqlite3.connect(database.path, isolation_level=None)) as db:
                db.execute("BEGIN EXCLUSIVE")
                signing_out = asyncio.create_task(eve.post("/auth/logout", {}))
                await asyncio.sleep(0.1)
                # While that waits for the lock, whoever only reads does not wait for it.
                assert (await bobs.get("/livez")).status_code == 200
                assert (await bobs.get("/readyz")).status_code == 200
                assert await bob.is_signed_in()
                assert await eve.is_signed_in()
                assert not signing_out.done()

                _assert_unavailable(await signing_out)
                db.execute("ROLLBACK")

            assert await eve.is_signed_in()
            assert (await eve.post("/auth/logout", {})).status_code == 200
            assert not await eve.is_signed_in()


@pytest.mark.only_on(
    "sqlite", because="a server has its own disk, and its own way to say it is full"
)
async def test_a_full_disk_lets_reads_and_sign_outs_go_on_and_refuses_all_else(
    small_disk: Path,
) -> None:
    with running(SqliteDatabase(small_disk), **ALWAYS_TOUCH) as server:
        async with server.client() as bobs, server.client() as eves:
            bob = await server.person("bob", bobs)
            eve = await server.person("eve", eves)
            _fill(small_disk)

            _assert_unavailable(await Person(eves, "dan@example.com").register())
            _assert_unavailable(await bob.refresh())
            assert await bob.is_signed_in()
            assert await eve.is_signed_in()
            assert (await eve.post("/auth/logout", {})).status_code == 200
            assert not await eve.is_signed_in()
            # The room that was kept is not for them, though there is some now.
            _assert_unavailable(await Person(eves, "dan@example.com").register())
            _assert_unavailable(await bob.refresh())
            assert await bob.is_signed_in()
            assert server.output.count("disk_full") == 1

            (small_disk / "filled").unlink()

            # Nothing was half done: the token is unspent, and the address is free.
            assert (await bob.refresh()).status_code == 200
            assert (await Person(eves, "dan@example.com").register()).status_code == 201
            assert server.output.count("disk_has_room") == 1


@pytest.mark.only_on(
    "sqlite", because="a server has its own disk, and its own way to say it is full"
)
async def test_any_number_of_sign_outs_fit_on_a_full_disk_and_rights_are_taken_too(
    small_disk: Path,
) -> None:
    database = SqliteDatabase(small_disk)
    with running(database, **ALWAYS_TOUCH) as server:
        async with server.client() as adas, server.client() as bobs:
            ada, bob = await server.person("ada", adas), await server.person("bob", bobs)
            database.change("users", {"id": ada.id}, role="admin")
            tokens = [bob.access_token]
            for _ in range(SESSIONS - 1):
                bobs.cookies.clear()
                await bob.login()
                tokens.append(bob.access_token)
            _fill(small_disk)

            for token in tokens[1:]:
                bob.access_token = token
                bobs.cookies.clear()
                assert (await bobs.post("/auth/logout", headers=bob.bearer)).status_code == 200
                assert not await bob.is_signed_in()
            bob.access_token = tokens[0]
            assert await bob.is_signed_in()
            disabled = {"status": "disabled"}
            assert (await ada.put(f"/users/{bob.id}/status", disabled)).status_code == 200

            assert not await bob.is_signed_in()
            _assert_unavailable(await ada.put(f"/users/{bob.id}/status", {"status": "active"}))
            _assert_unavailable(await ada.put(f"/users/{bob.id}/admin"))
            assert (await ada.delete(f"/users/{bob.id}")).status_code == 200
    assert database.damage() == []


@pytest.mark.only_on(
    "sqlite", because="a server has its own disk, and its own way to say it is full"
)
async def test_a_server_that_starts_on_a_full_disk_reads_and_signs_out(small_disk: Path) -> None:
    database = SqliteDatabase(small_disk)
    with running(database) as server:
        async with server.client() as client:
            bob = await server.person("bob", client)
    _fill(small_disk)

    with running(database) as server:
        async with server.client() as client:
            again = Person(client, bob.email, access_token=bob.access_token)
            assert await again.is_signed_in()
            _assert_unavailable(await again.login())
            client.headers["Cookie"] = f"refreshToken={bob.refresh_token}"
            assert (await client.post("/auth/logout")).status_code == 200
            assert not await again.is_signed_in()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MiB: twice what the log of writes and the ballast can take together."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("a small disk needs the program `mount`")
    if mounted.returncode:
        pytest.skip(f"a small disk needs the right to mount one: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607 - wherever it is.


def _fill(disk: Path) -> None:
    # What the log of writes has grown to is kept, and would be room.
    with closing(sqlite3.connect(disk / "keystead.db")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (disk / "filled").open("wb", buffering=0) as filled:
        for size in (4096, 1):
            with suppress(OSError):
                while True:
                    filled.write(bytes(size))


def _assert_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert answer.json()["code"] == "store_unavailable"
    assert int(answer.headers["Retry-After"]) > 0
    assert "Set-Cookie" not in answer.headers
