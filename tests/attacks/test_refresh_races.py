"""
Two requests with one refresh token at the same moment, and answers that never arrive.

RFC 9700 section 4.14.2; OWASP ASVS 15.4.2; CVE-2026-1035. Racing tabs are no theft, and must not
become a way to get two lineages out of one token either.
"""

import asyncio
from collections import Counter

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from tests.conftest import Clock, Service, StartService
from tests.people import COOKIE, Person, profile_with, refresh_with


@pytest.mark.requirement(55)
async def test_fifty_parallel_refreshes_have_one_winner_and_the_session_lives(
    start: StartService,
) -> None:
    servers = [await start(), await start()]
    bob = await servers[0].person("bob")

    answers = await fifty_refreshes(servers, bob)

    codes = Counter(answer.json().get("code", "rotated") for answer in answers)
    assert codes == {"rotated": 1, "refresh_superseded": 49}
    winner = next(answer for answer in answers if answer.status_code == 200)
    access_token = winner.json()["accessToken"]
    assert (await profile_with(servers[1].client(), access_token)).status_code == 200
    assert (await refresh_with(servers[0].client(), winner.cookies[COOKIE])).status_code == 200


@pytest.mark.requirement(55)
async def test_fifty_parallel_retries_all_get_the_one_successor(start: StartService) -> None:
    servers = [await start(refresh_retry="reissue"), await start(refresh_retry="reissue")]
    bob = await servers[0].person("bob")

    answers = await fifty_refreshes(servers, bob)

    assert {answer.status_code for answer in answers} == {200}
    (successor,) = {answer.cookies[COOKIE] for answer in answers}
    assert (await refresh_with(servers[1].client(), successor)).status_code == 200


async def test_the_loser_of_a_race_goes_on_with_the_winners_cookie(
    service: Service, clock: Clock, bob: Person
) -> None:
    old = bob.refresh_token
    assert (await bob.refresh()).status_code == 200
    clock.advance(seconds=10)

    late = await refresh_with(service.client(), old)

    assert (late.status_code, late.json()["code"]) == (401, "refresh_superseded")
    assert "accessToken" not in late.json()
    # The browser must keep the cookie that the winner has just set.
    assert "set-cookie" not in late.headers
    assert (await bob.refresh()).status_code == 200


@pytest.mark.requirement(56)
async def test_a_lost_answer_can_be_asked_for_again(start: StartService, clock: Clock) -> None:
    service = await start(refresh_retry="reissue")
    bob = await service.person("bob")
    lost = await refresh_with(service.client(), bob.refresh_token)
    clock.advance(seconds=10)

    retry = await bob.refresh()

    assert retry.status_code == 200
    assert retry.cookies[COOKIE] == lost.cookies[COOKIE]
    assert await bob.is_signed_in()
    clock.advance(minutes=1)
    assert (await bob.refresh()).status_code == 200


@pytest.mark.requirement(56)
async def test_an_answer_whose_connection_broke_can_be_asked_for_again(start: StartService) -> None:
    service = await start(refresh_retry="reissue")
    bob = await service.person("bob")

    with pytest.raises(ConnectionResetError):
        await refresh_with(breaking_client(service), bob.refresh_token)

    assert (await bob.refresh()).status_code == 200
    assert await bob.is_signed_in()


@pytest.mark.parametrize("policy", ["refuse", "reissue"])
async def test_a_retry_after_the_leeway_is_theft_under_either_policy(
    start: StartService, clock: Clock, policy: str
) -> None:
    service = await start(refresh_retry=policy)
    bob = await service.person("bob")
    old = bob.refresh_token
    await bob.refresh()
    clock.advance(seconds=10, milliseconds=1)

    answer = await refresh_with(service.client(), old)

    assert answer.json()["code"] == "refresh_reused"
    assert not await bob.is_signed_in()


async def test_reissue_is_no_second_lineage(start: StartService, clock: Clock) -> None:
    service = await start(refresh_retry="reissue")
    bob = await service.person("bob")
    stolen = bob.refresh_token
    await bob.refresh()
    thief = await refresh_with(service.client(), stolen)
    loot = str(thief.cookies[COOKIE])
    assert loot == bob.refresh_token  # The same one, so the first to use it is found out:
    clock.advance(minutes=1)
    assert (await refresh_with(service.client(), loot)).status_code == 200
    clock.advance(minutes=1)

    assert (await bob.refresh()).json()["code"] == "refresh_reused"
    assert (await profile_with(service.client(), thief.json()["accessToken"])).status_code == 401


@pytest.mark.requirement(53)
async def test_with_no_leeway_a_repetition_is_theft_at_once(
    start: StartService, clock: Clock
) -> None:
    service = await start(refresh_leeway="0s")
    bob = await service.person("bob")
    old = bob.refresh_token
    await bob.refresh()
    clock.advance(milliseconds=1)

    assert (await refresh_with(service.client(), old)).json()["code"] == "refresh_reused"
    assert not await bob.is_signed_in()


async def test_refreshing_while_being_signed_out_leaves_nothing_alive(start: StartService) -> None:
    servers = [await start(), await start()]
    for number in range(10):
        bob = await servers[0].person(f"bob{number}")
        token, clients = bob.refresh_token, [server.client() for server in servers]

        refreshed, *_ = await asyncio.gather(
            refresh_with(clients[0], token),
            clients[1].post("/auth/logout", headers={"Cookie": f"{COOKIE}={token}"}),
        )

        if refreshed.status_code == 200:
            access, newest = refreshed.json()["accessToken"], refreshed.cookies[COOKIE]
            assert (await profile_with(servers[1].client(), access)).status_code == 401
            assert (await refresh_with(servers[1].client(), newest)).status_code == 401
        assert not await bob.is_signed_in()


async def fifty_refreshes(servers: list[Service], person: Person) -> list[httpx.Response]:
    token, clients = person.refresh_token, [server.client() for server in servers]
    return await asyncio.gather(*(refresh_with(clients[n % 2], token) for n in range(50)))


def breaking_client(service: Service) -> httpx.AsyncClient:
    """Return a client whose requests arrive, and whose connection breaks when the answer begins."""

    async def break_off(_: Message) -> None:
        raise ConnectionResetError

    async def app(scope: Scope, receive: Receive, _: Send) -> None:
        await service.app(scope, receive, break_off)
        raise ConnectionResetError

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")
