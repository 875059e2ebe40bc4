"""
What guessing gains from a Redis that is killed, hangs or was emptied: nothing that lasts.

Only counters of client addresses are in it.
"""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from keystead import redis_counts
from tests.conftest import Clock, ReadLog, Service, StartService
from tests.people import Person
from tests.redis_server import RedisServer, redis_server

WRONG = "incorrect horse battery"
MOST = 20
WORKERS = 4


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
async def counted(start: StartService, redis: RedisServer) -> Service:
    """A service whose limit for one address is 20, or 5 for each of its four processes."""
    return await start(redis_url=redis.url, throttle_sign_ins=MOST, workers=WORKERS)


async def guesses(client: httpx.AsyncClient, how_many: int, name: str = "") -> list[int]:
    return [
        (
            await client.post(
                "/auth/login", json={"email": f"{name}{n}@example.com", "password": WRONG}
            )
        ).status_code
        for n in range(how_many)
    ]


async def readiness(service: Service) -> tuple[int, str]:
    answer = await service.client().get("/readyz")
    return answer.status_code, answer.json()["status"]


@pytest.mark.requirement(18)
async def test_two_servers_count_in_one_redis(
    counted: Service, start: StartService, redis: RedisServer
) -> None:
    other = await start(redis_url=redis.url, throttle_sign_ins=MOST)

    first = await guesses(counted.client(), 15)
    second = await guesses(other.client(), 10, "x")

    assert first == [401] * 15
    assert second == [401] * 5 + [429] * 5
    assert await readiness(counted) == (200, "ok")
    assert redis.say("DBSIZE") == ":2"


async def test_a_right_password_gives_back_what_it_took(counted: Service) -> None:
    bob = await counted.person("bob")
    for _ in range(2 * MOST):
        bob.client.cookies.clear()
        assert (await bob.login()).status_code == 200


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_without_redis_each_process_goes_on_with_its_share(
    counted: Service, redis: RedisServer, how: signal.Signals, read_log: ReadLog
) -> None:
    bob = await counted.person("bob")
    redis.send(how)
    try:
        started = time.monotonic()
        statuses = await guesses(counted.client("198.51.100.66"), 10)
        took = time.monotonic() - started

        assert statuses == [401] * (MOST // WORKERS) + [429] * 5, "neither open nor closed"
        assert (await bob.login()).status_code == 200
        assert await readiness(counted) == (200, "degraded")
        # One wait for an answer, not ten.
        assert took < 10 * redis_counts.ANSWER_SECONDS
        assert [line["event"] for line in read_log()].count("redis_unavailable") == 1
    finally:
        redis.send(signal.SIGCONT)


async def test_without_redis_what_is_said_of_the_limit_is_the_share(
    counted: Service, redis: RedisServer, read_log: ReadLog
) -> None:
    redis.kill()
    client = counted.client("198.51.100.66")
    await guesses(client, MOST // WORKERS)

    answer = await client.post("/auth/login", json={"email": "x@example.com", "password": WRONG})

    assert answer.status_code == 429
    assert answer.headers["ratelimit-policy"] == '"sign-in-address";q=5;w=3600'
    told = [line for line in read_log() if line["event"] == "excess_rate_limit_exceeded"]
    assert [line["detail"] for line in told] == ["sign-in-address 198.51.100.66/32"]


async def test_a_redis_that_is_back_is_used_again(
    counted: Service,
    redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    read_log: ReadLog,
) -> None:
    monkeypatch.setattr(redis_counts, "PAUSE_SECONDS", 0.0)
    redis.kill()
    assert await guesses(counted.client(), 1) == [401]
    assert await readiness(counted) == (200, "degraded")

    redis.start()
    assert await guesses(counted.client(), 1) == [401]

    assert await readiness(counted) == (200, "ok")
    assert redis.say("DBSIZE") == ":2"
    assert [line["event"] for line in read_log()].count("redis_connected") == 1


@pytest.mark.requirement(16, 57)
async def test_an_emptied_redis_forgets_no_account(
    counted: Service, redis: RedisServer, clock: Clock
) -> None:
    bob = await counted.person("bob")
    old = bob.refresh_token
    clock.advance(minutes=1)
    await bob.refresh()
    clock.advance(minutes=1)
    for n in range(5):
        client = counted.client(f"198.{n}.100.1")
        assert (
            await client.post("/auth/login", json={"email": bob.email, "password": WRONG})
        ).status_code == 401

    assert redis.say("FLUSHALL") == "+OK"

    stranger = Person(counted.client("203.0.113.9"), bob.email, WRONG)
    assert (await stranger.login()).status_code == 429
    replay = await counted.client().post("/auth/refresh", headers={"Cookie": f"refreshToken={old}"})
    assert replay.json()["code"] == "refresh_reused"
    assert not await bob.is_signed_in()


async def test_the_time_to_wait_is_what_redis_says(start: StartService, redis: RedisServer) -> None:
    service = await start(redis_url=redis.url, throttle_sign_ins=5)
    client = service.client()
    await guesses(client, 6)

    answer = await client.post("/auth/login", json={"email": "x@example.com", "password": WRONG})

    assert answer.status_code == 429
    left = int(answer.headers["retry-after"])
    assert 3590 <= left <= 3602
