"""Every branch of a rotation: RFC 9700 section 4.14.2 and OWASP ASVS 10.4.5."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from keystead.domain.errors import (
    Fault,
    RefreshInvalid,
    RefreshReused,
    RefreshSuperseded,
    SessionEnded,
    StoreDown,
)
from keystead.domain.events import Event, EventName, Severity
from keystead.domain.session import SessionId, SignedIn
from keystead.domain.store import Store
from keystead.domain.tokens import RotationOutcome
from keystead.domain.user import Role, Status
from keystead.flows.authenticate import authenticate
from keystead.flows.login import TokenPair
from keystead.flows.refresh import refresh
from keystead.flows.register import register
from keystead.flows.tools import Tools
from tests.conftest import Clock
from tests.flows.conftest import BOB, sign_in
from tests.people import PASSWORD

LEEWAY = timedelta(seconds=10)
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
async def first(tools: Tools, clock: Clock) -> TokenPair:
    """What Bob's sign-in handed out; no events are left of it."""
    await register(tools, BOB, PASSWORD, clock.now)
    return await sign_in(tools, clock)


def reissuing(tools: Tools) -> Tools:
    return replace(tools, session_policy=replace(tools.session_policy, reissue=True))


async def is_over(tools: Tools, pair: TokenPair, now: datetime) -> bool:
    """Whether both tokens of *pair* are refused and the session is gone."""
    with pytest.raises(SessionEnded):
        await authenticate(tools, pair.access_token, now)
    with pytest.raises(Fault):
        await refresh(tools, pair.refresh_token, now)
    return await tools.store.find_session(pair.signed_in.session.id) is None


async def test_the_newest_token_is_swapped_for_a_new_pair(
    tools: Tools, clock: Clock, first: TokenPair
) -> None:
    clock.advance(hours=1)

    second = await refresh(tools, first.refresh_token, clock.now)

    assert second.refresh_token != first.refresh_token
    assert second.access_token != first.access_token
    before = first.signed_in.session
    assert second.signed_in.session == replace(
        before,
        generation=1,
        rotated_at=clock.now,
        last_active_at=clock.now,
        expires_at=clock.now + timedelta(days=14),
    )
    assert (await authenticate(tools, second.access_token, clock.now)).session.id == before.id


async def test_two_refreshes_in_one_instant_give_different_tokens(
    tools: Tools, clock: Clock, first: TokenPair
) -> None:
    second = await refresh(tools, first.refresh_token, clock.now)
    third = await refresh(tools, second.refresh_token, clock.now)

    pairs = (first, second, third)
    assert len({pair.refresh_token for pair in pairs}) == 3
    assert len({pair.access_token for pair in pairs}) == 3


@pytest.mark.parametrize("wait", [timedelta(0), MILLISECOND, LEEWAY])
async def test_a_race_is_not_theft(
    tools: Tools, clock: Clock, first: TokenPair, events: list[Event], wait: timedelta
) -> None:
    second = await refresh(tools, first.refresh_token, clock.now)
    events.clear()
    clock.now += wait

    with pytest.raises(RefreshSuperseded):
        await refresh(tools, first.refresh_token, clock.now)

    assert events == []
    await refresh(tools, second.refresh_token, clock.now)


@pytest.mark.parametrize("reissue", [False, True])
async def test_a_millisecond_after_the_leeway_it_is_theft(
    tools: Tools, clock: Clock, first: TokenPair, events: list[Event], *, reissue: bool
) -> None:
    tools = reissuing(tools) if reissue else tools
    second = await refresh(tools, first.refresh_token, clock.now)
    events.clear()
    clock.now += LEEWAY + MILLISECOND

    with pytest.raises(RefreshReused):
        await refresh(tools, first.refresh_token, clock.now)

    session = first.signed_in.session
    reuse = Event(
        EventName.TOKEN_REUSE, Severity.CRITICAL, subject=session.user_id, ended=session.id
    )
    assert events == [reuse]
    assert await is_over(tools, second, clock.now)


@pytest.mark.parametrize("reissue", [False, True])
async def test_two_behind_is_theft_also_within_the_leeway(
    tools: Tools, clock: Clock, first: TokenPair, *, reissue: bool
) -> None:
    tools = reissuing(tools) if reissue else tools
    second = await refresh(tools, first.refresh_token, clock.now)
    third = await refresh(tools, second.refresh_token, clock.now)

    with pytest.raises(RefreshReused):
        await refresh(tools, first.refresh_token, clock.now)

    assert await is_over(tools, third, clock.now)


async def test_theft_ends_one_session_and_not_the_others(
    tools: Tools, clock: Clock, first: TokenPair
) -> None:
    other = await sign_in(tools, clock)
    await refresh(tools, first.refresh_token, clock.now)
    clock.advance(seconds=11)
    with pytest.raises(RefreshReused):
        await refresh(tools, first.refresh_token, clock.now)

    await refresh(tools, other.refresh_token, clock.now)


async def test_a_lost_answer_is_given_again_word_for_word(
    tools: Tools, clock: Clock, first: TokenPair
) -> None:
    tools = reissuing(tools)
    second = await refresh(tools, first.refresh_token, clock.now)
    clock.now += LEEWAY

    again = await refresh(tools, first.refresh_token, clock.now)

    assert again.refresh_token == second.refresh_token
    assert again.signed_in.session == second.signed_in.session
    assert (await refresh(tools, again.refresh_token, clock.now)).signed_in.session.generation == 2


async def test_fifty_that_race_with_reissue_all_hold_the_same_successor(
    tools: Tools, clock: Clock, first: TokenPair
) -> None:
    tools = reissuing(tools)

    pairs = await asyncio.gather(
        *(refresh(tools, first.refresh_token, clock.now) for _ in range(50))
    )

    assert len({pair.refresh_token for pair in pairs}) == 1
    assert {pair.signed_in.session.generation for pair in pairs} == {1}


async def test_without_a_leeway_only_the_very_instant_is_a_race(
    tools: Tools, clock: Clock, first: TokenPair
) -> None:
    tools = replace(
        tools, session_policy=replace(tools.session_policy, refresh_leeway=timedelta(0))
    )
    await refresh(tools, first.refresh_token, clock.now)
    with pytest.raises(RefreshSuperseded):
        await refresh(tools, first.refresh_token, clock.now)

    with pytest.raises(RefreshReused):
        await refresh(tools, first.refresh_token, clock.advance(milliseconds=1))


async def test_a_forgery_changes_nothing(tools: Tools, clock: Clock, first: TokenPair) -> None:
    before = await tools.store.find_session(first.signed_in.session.id)
    elsewhere = replace(first.signed_in.session, salt=b"another salt 16b")
    for forged in ("", "ksr_", first.access_token, tools.refresh_tokens.issue(elsewhere)):
        with pytest.raises(RefreshInvalid):
            await refresh(tools, forged, clock.now)

    assert await tools.store.find_session(first.signed_in.session.id) == before
    await refresh(tools, first.refresh_token, clock.now)


async def test_a_session_that_never_was_has_ended(
    tools: Tools, clock: Clock, first: TokenPair
) -> None:
    unknown = replace(first.signed_in.session, id=SessionId("01930000-0000-7000-8000-000000000000"))

    with pytest.raises(SessionEnded):
        await refresh(tools, tools.refresh_tokens.issue(unknown), clock.now)


async def test_a_token_ahead_accuses_nobody(
    tools: Tools, clock: Clock, first: TokenPair, events: list[Event]
) -> None:
    # What the owner holds after the database was restored from a back-up.
    ahead = tools.refresh_tokens.issue(replace(first.signed_in.session, generation=7))
    events.clear()

    with pytest.raises(SessionEnded):
        await refresh(tools, ahead, clock.now)

    assert events == []
    await refresh(tools, first.refresh_token, clock.now)


@pytest.mark.parametrize("loss", ["disabled", "deleted", "closed"])
async def test_what_was_ended_refreshes_no_more(
    tools: Tools, clock: Clock, first: TokenPair, loss: str
) -> None:
    user = first.signed_in.user
    if loss == "disabled":
        await tools.store.change_status(user.id, Status.DISABLED, clock.now, record=None)
    elif loss == "deleted":
        await tools.store.delete_user(user.id, record=None)
    else:
        await tools.store.close_session(first.signed_in.session.id, record=None)

    with pytest.raises(SessionEnded):
        await refresh(tools, first.refresh_token, clock.now)


async def test_the_role_is_the_databases_at_that_moment(
    tools: Tools, clock: Clock, first: TokenPair
) -> None:
    await tools.store.change_role(first.signed_in.user.id, Role.ADMIN, clock.now, record=None)

    assert (await refresh(tools, first.refresh_token, clock.now)).signed_in.user.role is Role.ADMIN


class LostAnswers:
    """The store, over a connection that breaks after a rotation was committed, for *looks* reads."""

    def __init__(self, store: Store, looks: int) -> None:
        self._store = store
        self.is_broken = True
        self._looks = looks

    def __getattr__(self, verb: str) -> Any:
        return getattr(self._store, verb)

    async def rotate_refresh_token(self, *arguments: Any) -> RotationOutcome:
        outcome = await self._store.rotate_refresh_token(*arguments)
        if self.is_broken:
            raise StoreDown
        return outcome

    async def find_session(self, session_id: SessionId) -> SignedIn | None:
        # The first look of every refresh is before its rotation.
        self._looks -= 1
        if self.is_broken and self._looks == -1:
            raise StoreDown
        return await self._store.find_session(session_id)


def breaking(tools: Tools, looks: int) -> tuple[Tools, LostAnswers]:
    store = LostAnswers(tools.store, looks)
    return replace(tools, store=store), store


async def test_an_answer_that_was_lost_is_looked_up(
    tools: Tools, clock: Clock, first: TokenPair, events: list[Event]
) -> None:
    cut, _ = breaking(tools, looks=9)
    events.clear()

    second = await refresh(cut, first.refresh_token, clock.now)

    assert second.signed_in.session.generation == 1
    assert await refresh(tools, second.refresh_token, clock.advance(days=1))
    assert events == []


@pytest.mark.parametrize("outage", [timedelta(0), LEEWAY, timedelta(hours=9)])
async def test_a_token_whose_successor_got_lost_in_an_outage_still_works(
    tools: Tools, clock: Clock, first: TokenPair, outage: timedelta
) -> None:
    cut, store = breaking(tools, looks=1)
    with pytest.raises(StoreDown):
        await refresh(cut, first.refresh_token, clock.now)
    store.is_broken = False
    clock.now += outage

    second = await refresh(cut, first.refresh_token, clock.now)

    assert second.signed_in.session.generation == 1
    with pytest.raises(RefreshSuperseded):  # Two tabs that both come again are a race, as ever.
        await refresh(cut, first.refresh_token, clock.now + LEEWAY)
    assert await refresh(cut, second.refresh_token, clock.now + LEEWAY)


async def test_the_lost_successor_is_given_out_once_and_then_its_token_is_spent(
    tools: Tools, clock: Clock, first: TokenPair
) -> None:
    cut, store = breaking(tools, looks=1)
    with pytest.raises(StoreDown):
        await refresh(cut, first.refresh_token, clock.now)
    store.is_broken = False
    second = await refresh(cut, first.refresh_token, clock.now)
    clock.now += LEEWAY + MILLISECOND

    with pytest.raises(RefreshReused):
        await refresh(cut, first.refresh_token, clock.now)

    assert await is_over(tools, second, clock.now)


async def test_a_rotation_that_never_happened_spends_nothing(
    tools: Tools, clock: Clock, first: TokenPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> RotationOutcome:
        raise StoreDown

    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr(tools.store, "rotate_refresh_token", fail)
            with pytest.raises(StoreDown):
                await refresh(tools, first.refresh_token, clock.now)

    assert (await refresh(tools, first.refresh_token, clock.now)).signed_in.session.generation == 1
