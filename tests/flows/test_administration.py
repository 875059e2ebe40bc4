"""Accounts and sessions, as admins and their owners deal with them."""

from collections.abc import Awaitable

import pytest

from keystead.domain.errors import LastAdmin, RoleUnknown, SessionNotFound, UserNotFound
from keystead.domain.events import Event, EventName, Severity
from keystead.domain.permissions import Actor
from keystead.domain.session import SessionId
from keystead.domain.user import Role, Status, User, UserId, UserQuery
from keystead.flows import sessions, users
from keystead.flows.register import register
from keystead.flows.tools import Tools
from tests.conftest import Clock
from tests.flows.conftest import sign_in
from tests.people import PASSWORD

NOBODY = UserId("01930000-0000-7000-8000-000000000000")


async def actor(tools: Tools, clock: Clock, name: str, role: Role = Role.USER) -> Actor:
    """Return somebody who is signed in."""
    email = f"{name}@example.com"
    await register(tools, email, PASSWORD, clock.now, role)
    return (await sign_in(tools, clock, email)).signed_in


@pytest.fixture
async def ada(tools: Tools, clock: Clock) -> Actor:
    return await actor(tools, clock, "ada", Role.ADMIN)


@pytest.fixture
async def bob(tools: Tools, clock: Clock, ada: Actor, events: list[Event]) -> Actor:
    assert ada
    bob = await actor(tools, clock, "bob")
    events.clear()
    return bob


async def test_what_an_admin_does_to_a_user_is_recorded_with_both(
    tools: Tools, clock: Clock, ada: Actor, bob: Actor, events: list[Event]
) -> None:
    await users.change_role(tools, ada, bob.user.id, Role.ADMIN, clock.now)
    await users.change_status(tools, ada, bob.user.id, Status.DISABLED, clock.now)
    await users.delete_user(tools, ada, bob.user.id, clock.now)

    by, of, under = ada.user.id, bob.user.id, ada.session.id
    assert events == [
        Event(EventName.ROLE_CHANGED, Severity.INFO, by, of, under, None, "admin"),
        Event(EventName.USER_STATUS_CHANGED, Severity.INFO, by, of, under, None, "disabled"),
        Event(EventName.USER_DELETED, Severity.INFO, by, of, under),
    ]


async def test_what_is_done_at_the_command_line_has_no_actor(
    tools: Tools, clock: Clock, bob: Actor, events: list[Event]
) -> None:
    await users.delete_user(tools, None, bob.user.id, clock.now)

    assert events == [Event(EventName.USER_DELETED, subject=bob.user.id)]


async def test_the_last_admin_stays_and_nothing_is_recorded(
    tools: Tools, clock: Clock, ada: Actor, events: list[Event]
) -> None:
    events.clear()
    losses: list[Awaitable[User]] = [
        users.change_role(tools, ada, ada.user.id, Role.USER, clock.now),
        users.change_status(tools, ada, ada.user.id, Status.DISABLED, clock.now),
        users.delete_user(tools, ada, ada.user.id, clock.now),
    ]
    for loss in losses:
        with pytest.raises(LastAdmin):
            await loss

    assert events == []
    assert await users.get_user(tools, ada.user.id) == ada.user


async def test_nobody_is_found_under_an_unknown_id(
    tools: Tools, clock: Clock, ada: Actor, events: list[Event]
) -> None:
    events.clear()
    attempts: list[Awaitable[object]] = [
        users.get_user(tools, NOBODY),
        users.change_role(tools, ada, NOBODY, Role.ADMIN, clock.now),
        users.change_status(tools, ada, NOBODY, Status.DISABLED, clock.now),
        users.delete_user(tools, ada, NOBODY, clock.now),
        sessions.list_sessions_of(tools, NOBODY, clock.now),
        sessions.end_sessions_of(tools, ada, NOBODY, clock.now),
    ]
    for attempt in attempts:
        with pytest.raises(UserNotFound):
            await attempt

    assert events == []


@pytest.mark.parametrize("text", ["Admin", "ADMIN", "root", "", "admin ", "user,admin"])
def test_only_roles_that_exist_can_be_given(text: str) -> None:
    with pytest.raises(RoleUnknown):
        users.read_role(text)


async def test_a_page_says_whether_another_follows(tools: Tools, clock: Clock) -> None:
    made = [await register(tools, f"{n}@example.com", PASSWORD, clock.now) for n in ("a", "b", "c")]

    assert await users.list_users(tools, UserQuery(2)) == (made[:2], True)
    assert await users.list_users(tools, UserQuery(3)) == (made, False)
    assert await users.list_users(tools, UserQuery(2, after=made[1].email)) == (made[2:], False)


async def test_a_foreign_session_is_as_unknown_as_none(
    tools: Tools, clock: Clock, ada: Actor, bob: Actor
) -> None:
    for session_id in (ada.session.id, SessionId(NOBODY), SessionId("")):
        with pytest.raises(SessionNotFound):
            await sessions.end_own_session(tools, bob, session_id, clock.now)

    assert await sessions.list_own_sessions(tools, ada, clock.now) == [ada.session]
    await sessions.end_own_session(tools, bob, bob.session.id, clock.now)
    assert await sessions.list_own_sessions(tools, bob, clock.now) == []


@pytest.mark.parametrize("keep_current", [True, False])
async def test_the_other_sessions_end_or_all(
    tools: Tools, clock: Clock, ada: Actor, bob: Actor, *, keep_current: bool
) -> None:
    for _ in range(2):
        await sign_in(tools, clock, bob.user.email)

    count = await sessions.end_own_sessions(tools, bob, clock.now, keep_current=keep_current)

    assert count == (2 if keep_current else 3)
    kept = await sessions.list_own_sessions(tools, bob, clock.now)
    assert kept == ([bob.session] if keep_current else [])
    assert await sessions.list_sessions_of(tools, ada.user.id, clock.now) == [ada.session]


async def test_an_admin_ends_every_session_of_a_user(
    tools: Tools, clock: Clock, ada: Actor, bob: Actor
) -> None:
    assert await sessions.end_sessions_of(tools, ada, bob.user.id, clock.now) == 1

    assert await sessions.list_sessions_of(tools, bob.user.id, clock.now) == []
    assert await sessions.list_own_sessions(tools, ada, clock.now) == [ada.session]
