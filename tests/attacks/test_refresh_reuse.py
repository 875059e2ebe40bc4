"""A stolen refresh token: rows 53 to 57 of OWASP ASVS 10.4.5 and RFC 9700 section 4.14.2."""

import asyncio
from collections import Counter

from tests.conftest import Clock, Service, StartService
from tests.people import Person, profile_with, refresh_with


async def test_a_replayed_token_ends_the_session(
    service: Service, clock: Clock, bob: Person
) -> None:
    stolen = bob.refresh_token
    await bob.refresh()
    clock.advance(seconds=11)

    answer = await refresh_with(service.client(), stolen)

    assert answer.status_code == 401
    assert answer.json()["code"] == "refresh_reused"
    # The effect: the newest pair, which nobody replayed, is dead too.
    assert (await bob.profile()).json()["code"] == "session_ended"
    assert (await bob.refresh()).json()["code"] == "session_ended"


async def test_fifty_parallel_refreshes_have_one_winner_and_the_session_lives(
    start: StartService,
) -> None:
    servers = [await start(), await start()]
    bob = await servers[0].person("bob")
    token = bob.refresh_token
    clients = [server.client() for server in servers]

    answers = await asyncio.gather(*(refresh_with(clients[n % 2], token) for n in range(50)))

    codes = Counter(answer.json().get("code", "rotated") for answer in answers)
    assert codes == {"rotated": 1, "refresh_superseded": 49}
    winner = next(answer for answer in answers if answer.status_code == 200)
    access_token = winner.json()["accessToken"]
    assert (await profile_with(clients[1], access_token)).status_code == 200
