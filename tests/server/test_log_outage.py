"""
The log cannot be written: signing in matters more.

A full disk refuses every line; a pipe whose reader has stopped reading takes some, and then keeps the
writer waiting without end.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Database
from tests.people import PASSWORD, Person
from tests.server.running import running

PIPE_BYTES = 4096
REQUESTS = 150
"""Each writes 200 bytes or more: several times what the pipe takes."""

STOP_SECONDS = 10.0
"""It waits two for its last lines."""


@pytest.fixture(params=["a full disk", "a reader that has stopped"])
def broken_log(request: pytest.FixtureRequest, database: Database) -> Iterator[str]:
    """The log, standard output and standard error alike, takes nothing, or soon nothing more."""
    log = database.folder / "server.log"
    if request.param == "a full disk":
        if not Path("/dev/full").exists():
            pytest.skip("no /dev/full to write the log to")
        log.symlink_to("/dev/full")
        yield request.param
        return
    os.mkfifo(log)
    reader = os.open(log, os.O_RDWR)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    yield request.param
    os.close(reader)


@pytest.mark.only_on("sqlite", because="no database is asked about it")
async def test_a_log_that_cannot_be_written_stops_nobody(
    database: Database, broken_log: str
) -> None:
    with running(database, KEYSTEAD_LOG_FORMAT="json") as server:
        workers = server.workers
        async with server.client() as client:
            bob = await server.person("bob", client)
            for _ in range(REQUESTS):
                assert (await client.get("/livez")).status_code == 200
            assert (await client.get("/readyz")).json() == {"status": "ok"}
            assert (await bob.login()).status_code == 200
            assert (await bob.refresh()).status_code == 200
            assert (await bob.post("/auth/logout", {})).status_code == 200
            assert not await bob.is_signed_in()
            wrong = Person(client, bob.email, PASSWORD.upper())
            assert (await wrong.login()).status_code == 401
        assert server.workers == workers

        asked = time.monotonic()
        assert server.stop() == 0, broken_log
        assert time.monotonic() - asked < STOP_SECONDS
