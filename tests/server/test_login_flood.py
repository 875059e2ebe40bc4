"""A flood of sign-ins fills the queue for hashing, and nothing else."""

import asyncio
from collections import Counter

import pytest

from tests.databases import Database
from tests.people import Person
from tests.server.running import running

AT_ONCE = 300

LARGEST_GROWTH_MIB = 200
"""All hashes under way at once take some 19 MiB each, one for each core; 300 would take 5.7 GiB."""

FEWEST_PROBES = 5
"""That are answered while sign-ins wait; how long each takes, `make bench` measures on a quiet machine."""

REAL_HASHES = {"KEYSTEAD_ARGON2_MEMORY_KIB": "19456", "KEYSTEAD_ARGON2_ITERATIONS": "2"}


@pytest.mark.only_on("sqlite", because="passwords are hashed beside every database alike")
async def test_a_flood_of_sign_ins_leaves_room_for_everybody_who_is_signed_in(
    database: Database,
) -> None:
    with running(database, **REAL_HASHES, KEYSTEAD_THROTTLE="off") as server:
        async with server.client() as client, server.client() as flood:
            flood.timeout = 60
            bob = await server.person("bob", client)
            before = server.peak_mib
            attackers = [
                asyncio.create_task(Person(flood, f"e{n}@example.com").login())
                for n in range(AT_ONCE)
            ]
            probes = 0
            while not all(task.done() for task in attackers):
                assert (await bob.profile()).status_code == 200
                probes += 1
            answers = Counter([(await task).status_code for task in attackers])

            # Were they hashed where requests are answered, none would find the queue full.
            assert set(answers) == {401, 503}, answers
            assert probes >= FEWEST_PROBES
            assert server.peak_mib - before < LARGEST_GROWTH_MIB
            assert (await bob.login()).status_code == 200
