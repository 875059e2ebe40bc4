import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from keystead.domain.errors import EmailTaken, InputInvalid, PasswordRejected
from keystead.domain.events import Event, EventName
from keystead.domain.user import EmailAddress, Role, Status, User, UserQuery
from keystead.flows.register import register
from keystead.flows.tools import Tools
from tests.conftest import Clock
from tests.flows.conftest import CountedPasswords
from tests.people import PASSWORD


async def test_whoever_registers_is_an_active_user(
    tools: Tools, clock: Clock, events: list[Event]
) -> None:
    user = await register(tools, " Bob@Example.com ", PASSWORD, clock.now)

    bob = EmailAddress("bob@example.com")
    assert user == User(user.id, bob, Role.USER, Status.ACTIVE, clock.now, clock.now)
    found = await tools.store.find_credentials(bob)
    assert found is not None
    assert found.user == user
    assert events == [Event(EventName.USER_CREATED, subject=user.id, detail="user")]


async def test_what_is_stored_opens_for_the_password_and_does_not_hold_it(
    tools: Tools, clock: Clock
) -> None:
    user = await register(tools, "bob@example.com", PASSWORD, clock.now)

    found = await tools.store.find_credentials(user.email)
    assert found is not None
    assert found.password.text.startswith("$argon2id$v=19$")
    assert PASSWORD not in found.password.text
    assert await tools.passwords.verify(PASSWORD, found.password)
    assert not await tools.passwords.verify(PASSWORD + " ", found.password)


@pytest.mark.parametrize("email", ["bob@example.com", "BOB@EXAMPLE.COM", "\tbob@example.com\n"])
async def test_a_taken_address_is_refused_however_it_is_written(
    tools: Tools, clock: Clock, events: list[Event], email: str
) -> None:
    bob = await register(tools, "bob@example.com", PASSWORD, clock.now)
    events.clear()

    with pytest.raises(EmailTaken):
        await register(tools, email, "another fine passphrase", clock.now)

    found = await tools.store.find_credentials(bob.email)
    assert found is not None
    assert await tools.passwords.verify(PASSWORD, found.password)
    assert events == []


async def test_of_many_who_register_one_address_at_once_one_does(
    tools: Tools, clock: Clock
) -> None:
    outcomes = await asyncio.gather(
        *(register(tools, "bob@example.com", PASSWORD, clock.now) for _ in range(8)),
        return_exceptions=True,
    )

    assert Counter(type(outcome) for outcome in outcomes) == {User: 1, EmailTaken: 7}


@pytest.mark.parametrize(
    ("email", "password", "fault"),
    [
        ("bob", PASSWORD, InputInvalid),
        ("", PASSWORD, InputInvalid),
        ("bob@example.com", "short", PasswordRejected),
        ("bob@example.com", "Password1", PasswordRejected),
        ("bob@example.com", "bob@example.com!", PasswordRejected),
        ("bob@example.com", "bob@example.com", PasswordRejected),
        ("bob@example.com", "k" * 100_000, PasswordRejected),
    ],
)
async def test_what_is_refused_costs_no_hash_and_leaves_nothing(
    counted: Tools,
    passwords: CountedPasswords,
    clock: Clock,
    email: str,
    password: str,
    fault: type[Exception],
) -> None:
    with pytest.raises(fault):
        await register(counted, email, password, clock.now)

    assert passwords.count == 0
    assert await counted.store.list_users(UserQuery(10)) == []


async def test_each_account_has_an_id_of_its_own(tools: Tools, clock: Clock) -> None:
    first = await register(tools, "bob@example.com", PASSWORD, clock.now)
    second = await register(tools, "eve@example.com", PASSWORD, clock.now)

    assert first.id != second.id


async def test_the_service_of_another_name_refuses_that_name(tools: Tools, clock: Clock) -> None:
    policy = replace(tools.password_policy, service_name="Bookshelf")

    with pytest.raises(PasswordRejected):
        await register(
            replace(tools, password_policy=policy), "bob@example.com", "bookshelf 2026", clock.now
        )
