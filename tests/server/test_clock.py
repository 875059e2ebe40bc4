"""
The clock of a running server is an hour off for a while: the real process, told a false time.

What it has to do with each step is in tests/attacks/test_clock_steps.py; here it is the program with
its own clock, server and upkeep that meets them, by way of libfaketime.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.databases import Database
from tests.people import Person, refresh_with
from tests.server.running import Server, eventually, running

HOUR = 3600
SKEW_SECONDS = 10
"""By which an access token may seem to come from the future."""

SetClock = Callable[[int], None]


@contextmanager
def running_by_a_clock(
    database: Database, library: Path, offset: int = 0
) -> Iterator[tuple[Server, SetClock]]:
    """Start the program; its clock is that of the machine and *offset* seconds, until it is set."""
    said = database.folder / "clock"

    def set_clock(seconds: int) -> None:
        draft = said.with_suffix(".draft")
        draft.write_text(f"{seconds:+d}\n")
        draft.replace(said)  # It is read at every look at the clock, so never half written.

    set_clock(offset)
    env = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(said),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "KEYSTEAD_SESSION_IDLE": "2h",
    }
    with running(database, **env) as server:
        yield server, set_clock
    assert "internal_error" not in server.output


@pytest.fixture
def libfaketime() -> Path:
    """What tells a process a false time (Debian: `faketime`)."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found and os.environ.get("CI") == "true":
        pytest.fail("libfaketime is needed: apt-get install faketime")
    if not found:
        pytest.skip("stepping the clock of a process needs libfaketime (Debian: faketime)")
    return found[0]


async def test_a_step_ends_what_is_over_by_it_and_nothing_else(
    database: Database, libfaketime: Path
) -> None:
    with running_by_a_clock(database, libfaketime) as (server, set_clock):
        async with server.client() as bobs, server.client() as eves, server.client() as dans:
            bob, eve = await server.person("bob", bobs), await server.person("eve", eves)
            in_half_an_hour = (int(time.time()) + HOUR // 2) * 1000
            assert database.change("sessions", {"user_id": eve.id}, expires_at=in_half_an_hour)

            set_clock(HOUR)

            assert (await bob.profile()).json()["code"] == "token_expired"
            assert (await bob.refresh()).status_code == 200
            assert await bob.is_signed_in()
            assert (await eve.refresh()).json()["code"] == "session_ended"
            dan = await server.person("dan", dans)

            set_clock(0)

            # Their access tokens come from the future now; their sessions go on.
            for person in (bob, dan):
                assert (await person.profile()).json()["code"] == "token_invalid"
                assert (await person.refresh()).status_code == 200
                assert await person.is_signed_in()

            set_clock(-HOUR)

            for person in (bob, dan):
                assert (await person.profile()).json()["code"] == "token_invalid"
                assert (await person.refresh()).status_code == 200
                assert await person.is_signed_in()


async def test_what_was_ended_or_over_does_not_come_back_with_an_earlier_time(
    database: Database, libfaketime: Path
) -> None:
    with running_by_a_clock(database, libfaketime) as (server, _):
        async with server.client() as bobs, server.client() as eves, server.client() as dans:
            bob, eve = await server.person("bob", bobs), await server.person("eve", eves)
            dan = await server.person("dan", dans)
            stolen = dan.refresh_token
            tokens = {bob.email: bob.refresh_token, eve.email: eve.refresh_token}
            assert (await dan.refresh()).status_code == 200
            assert (await dan.refresh()).status_code == 200
            # Two behind: a theft, which ends the session.
            assert (await refresh_with(eves, stolen)).json()["code"] == "refresh_reused"
            await bob.post("/auth/logout", {})
    database.remove("leases")  # Who starts next need not wait until that of the first has run out.
    a_second_ago = (int(time.time()) - 1) * 1000
    assert database.change("sessions", {"user_id": eve.id}, expires_at=a_second_ago)

    with running_by_a_clock(database, libfaketime) as (server, set_clock):
        eventually(lambda: database.rows("sessions") == [])  # The first look at what is over.
        async with server.client() as client:
            for step in (-HOUR, 0, HOUR, 0):
                set_clock(step)
                for token in (*tokens.values(), dan.refresh_token):
                    assert (await refresh_with(client, token)).status_code == 401
                for person in (bob, eve, dan):
                    again = Person(client, person.email, access_token=person.access_token)
                    assert not await again.is_signed_in()


async def test_an_access_token_may_come_from_the_future_by_ten_seconds_and_no_more(
    database: Database, libfaketime: Path
) -> None:
    with running_by_a_clock(database, libfaketime) as (server, set_clock):
        async with server.client() as client:
            bob = await server.person("bob", client)
            issued_at = time.time()

            set_clock(-(SKEW_SECONDS - 2))
            assert await bob.is_signed_in()

            # However long all of that took, it is still further ahead than that.
            set_clock(-(int(time.time() - issued_at) + SKEW_SECONDS + 2))
            assert (await bob.profile()).json()["code"] == "token_invalid"
