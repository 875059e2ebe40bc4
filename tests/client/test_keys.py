"""How often the published keys are asked for, and how long they are believed."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey

from keystead.client.keys import FRESH_SECONDS, RETRY_SECONDS, STALE_SECONDS, PublishedKeys
from keystead.client.outcomes import Unavailable
from keystead.domain.keys import LEAD
from keystead.web.jwks import CACHE


def new_key(kid: str) -> dict[str, Any]:
    public = ECKey.generate_key("P-256").as_dict(private=False)
    return {**public, "kid": kid, "alg": "ES256", "use": "sig"}


@dataclass
class Publisher:
    """A server that publishes keys, or is away; and the clock."""

    keys: list[dict[str, Any]] = field(default_factory=lambda: [new_key("one")])
    now: float = 1000.0
    asked: int = 0
    is_away: bool = False
    text: bytes | None = None
    gate: asyncio.Event | None = None

    async def fetch(self) -> bytes:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.is_away:
            raise Unavailable
        return self.text if self.text is not None else json.dumps({"keys": self.keys}).encode()

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def server() -> Publisher:
    return Publisher()


@pytest.fixture
def keys(server: Publisher) -> PublishedKeys:
    return PublishedKeys(server.fetch, server.monotonic)


def test_how_long_keys_are_kept_fits_what_the_server_says_and_how_long_a_new_one_waits() -> None:
    assert (b"cache-control", f"public, max-age={FRESH_SECONDS:.0f}".encode()) == CACHE
    assert LEAD.total_seconds() >= 2 * FRESH_SECONDS


async def test_keys_are_fetched_once_and_kept(server: Publisher, keys: PublishedKeys) -> None:
    for _ in range(100):
        assert await keys.find("one") is not None
        server.now += 1

    assert server.asked == 1


async def test_a_new_key_is_found_as_soon_as_it_is_used(
    server: Publisher, keys: PublishedKeys
) -> None:
    await keys.find("one")
    server.keys.append(new_key("two"))
    server.now += RETRY_SECONDS

    assert await keys.find("two") is not None
    assert server.asked == 2


async def test_a_flood_of_unknown_keys_asks_once_in_a_while(
    server: Publisher, keys: PublishedKeys
) -> None:
    for number in range(1000):
        assert await keys.find(f"made up {number}") is None
        server.now += 0.1

    assert server.asked == pytest.approx(100 / RETRY_SECONDS, abs=1)
    assert await keys.find("one") is not None


async def test_many_who_wait_share_one_question(server: Publisher, keys: PublishedKeys) -> None:
    server.gate = asyncio.Event()
    waiting = [asyncio.create_task(keys.find("one")) for _ in range(50)]
    await asyncio.sleep(0)
    waiting[0].cancel()  # One who gives up takes nothing from the others.
    await asyncio.sleep(0)
    server.gate.set()

    found = await asyncio.gather(*waiting[1:])

    assert all(found)
    assert server.asked == 1


async def test_a_key_that_is_withdrawn_is_good_for_no_longer_than_keys_are_fresh(
    server: Publisher, keys: PublishedKeys
) -> None:
    assert await keys.find("one") is not None
    server.keys = [new_key("two")]
    server.now += FRESH_SECONDS

    assert await keys.find("one") is None


async def test_while_the_server_is_away_known_keys_are_good_for_a_while(
    server: Publisher, keys: PublishedKeys
) -> None:
    await keys.find("one")
    server.is_away = True
    server.now += STALE_SECONDS - 1

    assert await keys.find("one") is not None
    with pytest.raises(Unavailable):
        await keys.find("two")
    server.now += 1
    with pytest.raises(Unavailable):
        await keys.find("one")


async def test_a_server_that_is_away_is_asked_once_in_a_while(
    server: Publisher, keys: PublishedKeys
) -> None:
    server.is_away = True

    for _ in range(1000):
        with pytest.raises(Unavailable):
            await keys.find("one")
        server.now += 0.1
    assert server.asked == pytest.approx(100 / RETRY_SECONDS, abs=1)

    server.is_away = False
    server.now += RETRY_SECONDS
    assert await keys.find("one") is not None


async def test_a_server_that_hangs_holds_up_one_look_and_not_every_one(
    server: Publisher, keys: PublishedKeys
) -> None:
    await keys.find("one")
    server.is_away = True
    server.now += FRESH_SECONDS
    await keys.find("one")  # Waits, and learns that there is no answer.
    server.gate = asyncio.Event()
    server.now += RETRY_SECONDS

    async with asyncio.timeout(5):
        assert await keys.find("one") is not None
        await asyncio.sleep(0)
        assert server.asked == 3  # It is asked again meanwhile, and what it says counts.
        server.is_away, server.keys = False, [new_key("two")]
        server.gate.set()
        await asyncio.sleep(0.01)
        assert await keys.find("one") is None


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"<html>", b'{"keys": 7}', b'{"keys"', b"\xff", b"[" * 60_000]
)
async def test_what_is_no_key_set_is_no_answer(
    server: Publisher, keys: PublishedKeys, text: bytes
) -> None:
    await keys.find("one")
    server.text = text
    server.now += FRESH_SECONDS

    assert await keys.find("one") is not None
    with pytest.raises(Unavailable):
        await keys.find("two")


@pytest.mark.parametrize(
    "key",
    [
        {**OctKey.import_key("a secret of thirty-two characters").as_dict(), "kid": "odd"},
        {**new_key("odd"), "alg": "HS256"},
        {**new_key("odd"), "use": "enc"},
        {**new_key("odd"), "crv": "P-384"},
        {**new_key("odd"), "x": new_key("")["x"]},
        {**new_key("odd"), "x": 7},
        {**new_key("odd"), "kid": 7},
        "a key",
        None,
    ],
)
async def test_a_key_of_no_use_is_passed_over(
    server: Publisher, keys: PublishedKeys, key: Any
) -> None:
    server.keys.insert(0, key)

    assert await keys.find("odd") is None
    assert await keys.find("one") is not None


async def test_a_set_without_keys_lets_nobody_in(server: Publisher, keys: PublishedKeys) -> None:
    server.keys = []

    assert await keys.find("one") is None
    assert await keys.find("") is None
