"""OWASP ASVS 7.4.1: signing out ends the session, with whatever the caller still holds."""

from dataclasses import replace
from typing import Any

import pytest

from keystead.domain.errors import SessionEnded, StoreDown
from keystead.domain.events import Event, EventName
from keystead.domain.tokens import AccessTokenText
from keystead.flows.authenticate import authenticate
from keystead.flows.login import TokenPair
from keystead.flows.logout import logout
from keystead.flows.refresh import refresh
from keystead.flows.register import register
from keystead.flows.tools import Tools
from tests.conftest import Clock
from tests.databases import Database
from tests.flows.conftest import BOB, sign_in
from tests.people import PASSWORD


@pytest.fixture
async def pair(tools: Tools, clock: Clock, events: list[Event]) -> TokenPair:
    await register(tools, BOB, PASSWORD, clock.now)
    pair = await sign_in(tools, clock)
    events.clear()
    return pair


async def has_ended(tools: Tools, pair: TokenPair, clock: Clock) -> bool:
    if await tools.store.find_session(pair.signed_in.session.id) is not None:
        return False
    with pytest.raises(SessionEnded):
        await authenticate(tools, pair.access_token, clock.now)
    with pytest.raises(SessionEnded):
        await refresh(tools, pair.refresh_token, clock.now)
    return True


@pytest.mark.parametrize(("access", "rotating"), [(True, True), (True, False), (False, True)])
async def test_either_token_ends_the_session(
    tools: Tools,
    clock: Clock,
    pair: TokenPair,
    events: list[Event],
    *,
    access: bool,
    rotating: bool,
) -> None:
    other = await sign_in(tools, clock)
    events.clear()

    await logout(
        tools,
        pair.access_token if access else None,
        [pair.refresh_token] if rotating else [],
        clock.now,
    )

    signed_in = pair.signed_in
    expected = Event(EventName.LOGOUT, actor=signed_in.user.id, ended=signed_in.session.id)
    assert events == [expected]
    assert await has_ended(tools, pair, clock)
    await refresh(tools, other.refresh_token, clock.now)


async def test_a_rotated_token_still_ends_its_session(
    tools: Tools, clock: Clock, pair: TokenPair
) -> None:
    newest = await refresh(tools, pair.refresh_token, clock.now)
    newest = await refresh(tools, newest.refresh_token, clock.now)
    clock.advance(days=1)

    await logout(tools, None, [pair.refresh_token], clock.now)

    assert await tools.store.find_session(newest.signed_in.session.id) is None


async def test_tokens_of_two_sessions_end_both(tools: Tools, clock: Clock, pair: TokenPair) -> None:
    other = await sign_in(tools, clock)

    await logout(tools, pair.access_token, [other.refresh_token], clock.now)

    assert await has_ended(tools, pair, clock)
    assert await has_ended(tools, other, clock)


async def test_signing_out_again_does_nothing_without_complaint(
    tools: Tools, clock: Clock, pair: TokenPair, events: list[Event]
) -> None:
    for _ in range(3):
        await logout(tools, pair.access_token, [pair.refresh_token], clock.now)

    assert len(events) == 1
    await logout(tools, None, [], clock.now)


async def test_a_forgery_ends_nobodys_session(
    tools: Tools, clock: Clock, pair: TokenPair, events: list[Event]
) -> None:
    session = pair.signed_in.session
    without_the_salt = tools.refresh_tokens.issue(replace(session, salt=b"another salt 16b"))
    bent = pair.refresh_token[:-1] + ("A" if pair.refresh_token[-1] != "A" else "B")
    header, claims, _ = pair.access_token.split(".")
    unsigned = AccessTokenText(f"{header}.{claims}.")
    for forged in (without_the_salt, bent, "", "ksr_", 'j:{"$ne":null}', pair.access_token):
        await logout(tools, unsigned, [forged], clock.now)

    assert events == []
    await refresh(tools, pair.refresh_token, clock.now)


async def test_an_expired_access_token_ends_nothing_on_its_own(
    tools: Tools, clock: Clock, pair: TokenPair
) -> None:
    clock.advance(minutes=5)

    await logout(tools, pair.access_token, [], clock.now)

    await refresh(tools, pair.refresh_token, clock.now)


async def test_a_planted_cookie_does_not_hide_the_owners(
    tools: Tools, clock: Clock, pair: TokenPair
) -> None:
    await logout(tools, None, ["planted", pair.refresh_token], clock.now)

    assert await has_ended(tools, pair, clock)


async def test_a_database_that_is_down_is_not_passed_over(
    tools: Tools, clock: Clock, pair: TokenPair, database: Database
) -> None:
    with database.broken(), pytest.raises(StoreDown):
        await logout(tools, pair.access_token, [], clock.now)


async def test_an_end_that_cannot_be_written_down_is_not_passed_over(
    tools: Tools, clock: Clock, pair: TokenPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> bool:
        raise StoreDown

    monkeypatch.setattr(tools.store, "close_session", fail)

    with pytest.raises(StoreDown):
        await logout(tools, pair.access_token, [], clock.now)
