"""Proving the password again, within a session that goes on."""

from dataclasses import replace

import pytest

from keystead.domain.errors import InvalidCredentials, SessionEnded
from keystead.domain.events import Event, EventName, Severity
from keystead.domain.permissions import Actor
from keystead.domain.session import Session
from keystead.flows.login import TokenPair
from keystead.flows.reauthenticate import reauthenticate
from keystead.flows.refresh import refresh
from keystead.flows.register import register
from keystead.flows.tools import Tools
from tests.conftest import Clock
from tests.flows.conftest import BOB, CountedPasswords, sign_in
from tests.people import PASSWORD


@pytest.fixture
async def pair(tools: Tools, clock: Clock) -> TokenPair:
    await register(tools, BOB, PASSWORD, clock.now)
    return await sign_in(tools, clock)


@pytest.fixture
def actor(pair: TokenPair, clock: Clock, events: list[Event]) -> Actor:
    """Bob, twenty minutes after he signed in."""
    clock.advance(minutes=20)
    events.clear()
    return pair.signed_in


async def kept(tools: Tools, actor: Actor) -> Session:
    found = await tools.store.find_session(actor.session.id)
    assert found is not None
    return found.session


async def test_the_right_password_is_noted_in_the_session_and_nothing_else_changes(
    tools: Tools, clock: Clock, pair: TokenPair, actor: Actor, events: list[Event]
) -> None:
    await reauthenticate(tools, actor, PASSWORD, clock.now)

    assert await kept(tools, actor) == replace(actor.session, authenticated_at=clock.now)
    proved = Event(EventName.REAUTHENTICATED, actor=actor.user.id, session=actor.session.id)
    assert events == [proved]
    assert await refresh(tools, pair.refresh_token, clock.now)


@pytest.mark.parametrize("password", ["", PASSWORD[:-1], PASSWORD.upper(), "x" * 5000])
async def test_a_wrong_password_is_refused_like_a_sign_in_and_ends_nothing(
    tools: Tools, clock: Clock, actor: Actor, events: list[Event], password: str
) -> None:
    with pytest.raises(InvalidCredentials):
        await reauthenticate(tools, actor, password, clock.now)

    assert await kept(tools, actor) == actor.session
    assert events == [
        Event(
            EventName.LOGIN_FAIL,
            Severity.WARNING,
            subject=actor.user.id,
            session=actor.session.id,
        )
    ]


async def test_a_session_that_ended_while_the_password_was_checked_stays_ended(
    tools: Tools, clock: Clock, actor: Actor, events: list[Event]
) -> None:
    await tools.store.close_session(actor.session.id, record=None)

    with pytest.raises(SessionEnded):
        await reauthenticate(tools, actor, PASSWORD, clock.now)

    assert await tools.store.find_session(actor.session.id) is None
    assert events == []


async def test_the_password_of_an_account_that_went_away_proves_nothing(
    tools: Tools, clock: Clock, actor: Actor
) -> None:
    await tools.store.delete_user(actor.user.id, record=None)

    with pytest.raises(InvalidCredentials):
        await reauthenticate(tools, actor, PASSWORD, clock.now)


async def test_right_or_wrong_takes_the_same_work(
    counted: Tools, passwords: CountedPasswords, clock: Clock, actor: Actor
) -> None:
    await reauthenticate(counted, actor, PASSWORD, clock.now)
    for_the_right_one, passwords.count = passwords.count, 0

    with pytest.raises(InvalidCredentials):
        await reauthenticate(counted, actor, "wrong", clock.now)

    assert passwords.count == for_the_right_one == 1
