import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from keystead.domain.errors import InputInvalid, InvalidCredentials
from keystead.domain.events import Event, EventName, Severity
from keystead.domain.ports import Passwords
from keystead.domain.session import Device, Origin, Place
from keystead.domain.user import PasswordHash, Status, User
from keystead.flows.login import login
from keystead.flows.register import register
from keystead.flows.tools import Tools
from tests.conftest import Clock
from tests.flows.conftest import BOB, CountedPasswords, sign_in
from tests.people import FIREFOX, PASSWORD

LISBON = Place(city="Lisboa", country_code="PT")

REFUSED = {
    "unknown account": ("nobody@example.com", PASSWORD),
    "wrong password": (BOB, "wrong horse battery staple"),
    "disabled account": ("disabled@example.com", PASSWORD),
    "disabled and wrong": ("disabled@example.com", "wrong horse battery staple"),
    "over-long password": (BOB, "k" * 100_000),
    "over-long at an unknown account": ("nobody@example.com", "k" * 100_000),
    "NUL": (BOB, PASSWORD + "\0"),
    "no password": (BOB, ""),
    "another case": (BOB, PASSWORD.upper()),
    "a space too many": (BOB, PASSWORD + " "),
    "the hash itself": (BOB, "$argon2id$v=19$m=8,t=1,p=1$"),
}


@pytest.fixture
async def bob(tools: Tools, clock: Clock) -> User:
    return await register(tools, BOB, PASSWORD, clock.now)


@pytest.fixture
async def disabled(tools: Tools, clock: Clock) -> User:
    user = await register(tools, "disabled@example.com", PASSWORD, clock.now)
    await tools.store.change_status(user.id, Status.DISABLED, clock.now, record=None)
    return user


async def test_the_right_password_opens_a_session(
    tools: Tools, clock: Clock, bob: User, events: list[Event]
) -> None:
    tools = replace(tools, find_place=lambda _: LISBON)

    pair = await login(
        tools.asked_from(Origin("192.0.2.1", FIREFOX)), " BOB@example.com", PASSWORD, clock.now
    )

    session = pair.signed_in.session
    assert await tools.store.find_session(session.id) == pair.signed_in
    assert pair.signed_in.user == bob
    assert session.client.ip == "192.0.2.1"
    assert session.client.device == Device("Desktop", "Firefox 132", "Windows 10")
    assert session.client.place == LISBON
    assert (session.generation, session.rotated_at) == (0, None)
    assert session.created_at == session.last_active_at == clock.now
    assert session.expires_at == clock.now + timedelta(days=14)
    assert session.ends_at == clock.now + timedelta(days=30)
    assert events[-1] == Event(EventName.LOGIN_SUCCESS, actor=bob.id, session=session.id)


@pytest.mark.usefixtures("bob")
async def test_both_tokens_are_of_that_session(tools: Tools, clock: Clock) -> None:
    pair = await sign_in(tools, clock)

    session = pair.signed_in.session
    assert tools.access_tokens.verify(pair.access_token, clock.now).session_id == session.id
    token = tools.refresh_tokens.read(pair.refresh_token)
    assert token.session_id == session.id
    assert tools.refresh_tokens.is_genuine(token, session)


@pytest.mark.usefixtures("bob")
async def test_each_sign_in_is_a_session_of_its_own(tools: Tools, clock: Clock) -> None:
    one, two = (await sign_in(tools, clock)).signed_in, (await sign_in(tools, clock)).signed_in

    assert one.session.id != two.session.id
    assert one.session.salt != two.session.salt


async def test_a_new_sign_in_ends_the_session_that_this_browser_held(
    tools: Tools, clock: Clock, bob: User
) -> None:
    old, elsewhere = await sign_in(tools, clock), await sign_in(tools, clock)
    origin = Origin("192.0.2.1", FIREFOX, (old.refresh_token,))
    with pytest.raises(InvalidCredentials):
        await login(tools.asked_from(origin), BOB, "wrong horse battery staple", clock.now)
    assert await tools.store.find_session(old.signed_in.session.id) == old.signed_in

    new = await login(tools.asked_from(origin), BOB, PASSWORD, clock.now)

    kept = {session.id for session in await tools.store.list_sessions(bob.id, clock.now)}
    assert kept == {elsewhere.signed_in.session.id, new.signed_in.session.id}


async def test_a_forgery_in_the_browser_ends_nobodys_session(
    tools: Tools, clock: Clock, bob: User
) -> None:
    first = (await sign_in(tools, clock)).signed_in.session
    forged = tools.refresh_tokens.issue(replace(first, salt=b"another salt 16b"))
    for text in ("", "ksr_", forged):
        await login(tools.asked_from(Origin(None, None, (text,))), BOB, PASSWORD, clock.now)

    assert len(await tools.store.list_sessions(bob.id, clock.now)) == 4


@pytest.mark.requirement(14)
@pytest.mark.usefixtures("bob", "disabled")
@pytest.mark.parametrize(("email", "password"), REFUSED.values(), ids=REFUSED.keys())
async def test_every_refusal_is_the_same_after_the_same_work(
    counted: Tools,
    passwords: CountedPasswords,
    clock: Clock,
    events: list[Event],
    email: str,
    password: str,
) -> None:
    events.clear()

    with pytest.raises(InvalidCredentials) as refusal:
        await sign_in(counted, clock, email, password)

    assert refusal.value.args == InvalidCredentials().args
    assert refusal.value.errors == ()
    # OWASP ASVS 6.3.8: exactly one hash, whether or not there is something to check against.
    assert passwords.count == 1
    found = await counted.store.find_credentials(counted.canonical_email(email))
    subject = found.user.id if found else None
    assert events == [Event(EventName.LOGIN_FAIL, Severity.WARNING, subject=subject)]
    if found:
        assert await counted.store.list_sessions(found.user.id, clock.now) == []


async def test_what_is_no_address_is_said_to_be_none(tools: Tools, clock: Clock) -> None:
    with pytest.raises(InputInvalid):
        await sign_in(tools, clock, "bob")


class AtThatMoment:
    """The tools' own passwords; between the check and its answer something happens."""

    def __init__(self, passwords: Passwords, happen: Callable[[], Awaitable[object]]) -> None:
        self._passwords = passwords
        self._happen = happen
        self.hash, self.is_outdated = passwords.hash, passwords.is_outdated
        self.load = passwords.load

    async def verify(
        self, password: str, stored: PasswordHash | None, *, is_known: bool = False
    ) -> bool:
        is_right = await self._passwords.verify(password, stored, is_known=is_known)
        await self._happen()
        return is_right


async def test_who_is_disabled_while_the_password_is_checked_gets_no_session(
    tools: Tools, clock: Clock, bob: User
) -> None:
    def disable() -> Awaitable[object]:
        return tools.store.change_status(bob.id, Status.DISABLED, clock.now, record=None)

    with pytest.raises(InvalidCredentials):
        await sign_in(replace(tools, passwords=AtThatMoment(tools.passwords, disable)), clock)

    assert await tools.store.list_sessions(bob.id, clock.now) == []


async def test_who_is_deleted_while_the_password_is_checked_gets_no_session(
    tools: Tools, clock: Clock, bob: User
) -> None:
    def delete() -> Awaitable[object]:
        return tools.store.delete_user(bob.id, record=None)

    with pytest.raises(InvalidCredentials):
        await sign_in(replace(tools, passwords=AtThatMoment(tools.passwords, delete)), clock)

    assert await tools.store.list_sessions(bob.id, clock.now) == []


async def test_the_oldest_session_makes_room(tools: Tools, clock: Clock, bob: User) -> None:
    tools = replace(tools, session_policy=replace(tools.session_policy, cap=3))
    pairs = []
    for _ in range(5):
        pairs.append(await sign_in(tools, clock))
        clock.advance(seconds=1)

    kept = await tools.store.list_sessions(bob.id, clock.now)

    assert kept == [pair.signed_in.session for pair in pairs[:1:-1]]


async def test_parallel_sign_ins_all_succeed(tools: Tools, clock: Clock, bob: User) -> None:
    free = tools.throttle_policy.account.free
    pairs = await asyncio.gather(*(sign_in(tools, clock) for _ in range(free)))

    kept = {session.id for session in await tools.store.list_sessions(bob.id, clock.now)}
    assert kept == {pair.signed_in.session.id for pair in pairs}


@pytest.mark.usefixtures("bob")
async def test_a_short_lifetime_bounds_a_new_session_too(tools: Tools, clock: Clock) -> None:
    tools = replace(
        tools, session_policy=replace(tools.session_policy, lifetime=timedelta(hours=1))
    )

    session = (await sign_in(tools, clock)).signed_in.session

    assert session.expires_at == session.ends_at == clock.now + timedelta(hours=1)


@pytest.mark.usefixtures("bob")
@pytest.mark.parametrize(
    ("user_agent", "kept"),
    [
        (None, None),
        ("", None),
        ("x" * 100_000, "x" * 256),
        ("\x1b[31m\r\n", " [31m  "),
        ("\x9b31m", " 31m"),
        ("a\0b", "a b"),
    ],
)
async def test_any_user_agent_signs_in_and_little_of_it_is_kept(
    tools: Tools, clock: Clock, user_agent: str | None, kept: str | None
) -> None:
    pair = await login(tools.asked_from(Origin(None, user_agent)), BOB, PASSWORD, clock.now)

    client = pair.signed_in.session.client
    assert client.ip is None
    assert client.place is None
    assert client.user_agent == kept
