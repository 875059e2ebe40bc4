"""How long a session lives: idle, absolute (OWASP ASVS 7.3.1, 7.3.2), and what a use writes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from keystead.domain.errors import SessionEnded, StoreDown, TokenExpired
from keystead.domain.session import Session
from keystead.flows.authenticate import authenticate
from keystead.flows.login import TokenPair
from keystead.flows.refresh import refresh
from keystead.flows.register import register
from keystead.flows.tools import Tools
from tests.conftest import Clock
from tests.flows.conftest import BOB, sign_in
from tests.people import PASSWORD

IDLE = timedelta(days=14)
LIFETIME = timedelta(days=30)
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
async def pair(tools: Tools, clock: Clock) -> TokenPair:
    await register(tools, BOB, PASSWORD, clock.now)
    return await sign_in(tools, clock)


async def stored(tools: Tools, pair: TokenPair) -> Session:
    found = await tools.store.find_session(pair.signed_in.session.id)
    assert found is not None
    return found.session


async def test_an_unused_session_lives_up_to_its_idle_time(
    tools: Tools, clock: Clock, pair: TokenPair
) -> None:
    clock.now += IDLE - MILLISECOND

    await refresh(tools, pair.refresh_token, clock.now)


async def test_an_unused_session_is_over_at_its_idle_time(
    tools: Tools, clock: Clock, pair: TokenPair
) -> None:
    clock.now += IDLE

    with pytest.raises(SessionEnded):
        await refresh(tools, pair.refresh_token, clock.now)


async def test_a_session_in_use_ends_at_its_absolute_end(
    tools: Tools, clock: Clock, pair: TokenPair
) -> None:
    end = clock.now + LIFETIME
    while clock.now + timedelta(days=1) < end:
        clock.advance(days=1)
        pair = await refresh(tools, pair.refresh_token, clock.now)
    clock.now = end - MILLISECOND
    pair = await refresh(tools, pair.refresh_token, clock.now)
    clock.now = end

    with pytest.raises(SessionEnded):
        await refresh(tools, pair.refresh_token, clock.now)
    with pytest.raises(TokenExpired):
        await authenticate(tools, pair.access_token, clock.now)


async def test_use_alone_keeps_a_session_alive(tools: Tools, clock: Clock, pair: TokenPair) -> None:
    for _ in range(6):
        clock.advance(days=4)
        access_token = tools.access_tokens.issue(pair.signed_in, clock.now)
        await authenticate(tools, access_token, clock.now)

    await refresh(tools, pair.refresh_token, clock.now)


async def test_use_is_written_down_at_most_once_a_minute(
    tools: Tools, clock: Clock, pair: TokenPair
) -> None:
    start = clock.now
    written = []
    for seconds in (1, 59, 60, 61, 119, 120, 121):
        clock.now = start + timedelta(seconds=seconds)
        await authenticate(tools, pair.access_token, clock.now)
        written.append((await stored(tools, pair)).last_active_at - start)

    assert [moment / timedelta(seconds=1) for moment in written] == [0, 0, 60, 60, 60, 120, 120]
    assert (await stored(tools, pair)).expires_at == start + timedelta(seconds=120) + IDLE


async def test_use_can_be_written_down_every_time(
    tools: Tools, clock: Clock, pair: TokenPair
) -> None:
    tools = replace(
        tools, session_policy=replace(tools.session_policy, touch_interval=timedelta(0))
    )
    for _ in range(3):
        clock.advance(milliseconds=1)
        actor = await authenticate(tools, pair.access_token, clock.now)
        assert (await stored(tools, pair)).last_active_at == clock.now
        assert actor.session == await stored(tools, pair)


async def test_a_use_that_cannot_be_written_down_is_allowed_all_the_same(
    tools: Tools, clock: Clock, pair: TokenPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise StoreDown

    clock.advance(minutes=1)
    with monkeypatch.context() as patch:
        patch.setattr(tools.store, "touch_session", fail)
        actor = await authenticate(tools, pair.access_token, clock.now)

    assert actor.session == pair.signed_in.session == await stored(tools, pair)


async def test_what_is_over_is_not_revived_by_use(
    tools: Tools, clock: Clock, pair: TokenPair
) -> None:
    clock.now += IDLE
    late = tools.access_tokens.issue(pair.signed_in, clock.now)

    with pytest.raises(SessionEnded):
        await authenticate(tools, late, clock.now)

    assert await stored(tools, pair) == pair.signed_in.session


async def test_an_access_token_of_somebody_elses_session_is_none(
    tools: Tools, clock: Clock, pair: TokenPair
) -> None:
    await register(tools, "eve@example.com", PASSWORD, clock.now)
    eve = await sign_in(tools, clock, "eve@example.com")
    crossed = replace(eve.signed_in, session=pair.signed_in.session)

    with pytest.raises(SessionEnded):
        await authenticate(tools, tools.access_tokens.issue(crossed, clock.now), clock.now)


async def test_an_access_token_never_outlives_the_absolute_end(
    tools: Tools, clock: Clock, pair: TokenPair
) -> None:
    end = clock.now + LIFETIME
    token = tools.access_tokens.issue(pair.signed_in, end - timedelta(seconds=3))

    assert tools.access_tokens.verify(token, end - timedelta(seconds=3)).expires_at == end
