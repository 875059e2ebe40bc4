"""The first admin: made once from the settings, and never again (CVE-2023-46249)."""

import asyncio

import pytest

from keystead.domain.errors import InputInvalid, LastAdmin, PasswordRejected
from keystead.domain.events import Event, EventName
from keystead.domain.user import Role, Status, UserQuery
from keystead.flows.register import register
from keystead.flows.seed_admin import seed_admin
from keystead.flows.tools import Tools
from keystead.flows.users import change_role, change_status, delete_user
from tests.conftest import Clock
from tests.flows.conftest import sign_in
from tests.people import PASSWORD

ADA = "ada@example.com"


async def test_while_there_is_no_admin_one_is_made(
    tools: Tools, clock: Clock, events: list[Event]
) -> None:
    await register(tools, "bob@example.com", PASSWORD, clock.now)

    admin = await seed_admin(tools, " Ada@Example.com", PASSWORD, clock.now)

    assert admin is not None
    assert (admin.email, admin.role) == (ADA, Role.ADMIN)
    assert (await sign_in(tools, clock, ADA)).signed_in.user == admin
    assert Event(EventName.ADMIN_SEEDED, subject=admin.id) in events


async def test_while_there_is_one_no_other_is_made(
    tools: Tools, clock: Clock, events: list[Event]
) -> None:
    ada = await seed_admin(tools, ADA, PASSWORD, clock.now)
    events.clear()

    assert await seed_admin(tools, "eve@example.com", PASSWORD, clock.now) is None

    assert await tools.store.list_users(UserQuery(10)) == [ada]
    assert events == []


async def test_a_second_start_changes_no_password(tools: Tools, clock: Clock) -> None:
    await seed_admin(tools, ADA, PASSWORD, clock.now)

    await seed_admin(tools, ADA, "what the settings say today", clock.now)

    await sign_in(tools, clock, ADA, PASSWORD)


async def test_an_account_that_exists_is_not_promoted(tools: Tools, clock: Clock) -> None:
    bob = await register(tools, ADA, PASSWORD, clock.now)

    assert await seed_admin(tools, ADA, "what the settings say", clock.now) is None

    assert await tools.store.list_users(UserQuery(10)) == [bob]
    await sign_in(tools, clock, ADA, PASSWORD)


async def test_of_many_processes_that_start_at_once_one_makes_it(
    tools: Tools, clock: Clock
) -> None:
    outcomes = await asyncio.gather(
        *(seed_admin(tools, ADA, PASSWORD, clock.now) for _ in range(6))
    )

    assert len([admin for admin in outcomes if admin]) == 1
    assert len(await tools.store.list_users(UserQuery(10))) == 1


async def test_once_made_it_is_closed_for_good(tools: Tools, clock: Clock) -> None:
    ada = await seed_admin(tools, ADA, PASSWORD, clock.now)
    assert ada is not None
    with pytest.raises(LastAdmin):
        await delete_user(tools, None, ada.id, clock.now)
    with pytest.raises(LastAdmin):
        await change_role(tools, None, ada.id, Role.USER, clock.now)
    with pytest.raises(LastAdmin):
        await change_status(tools, None, ada.id, Status.DISABLED, clock.now)

    assert await seed_admin(tools, "eve@example.com", PASSWORD, clock.now) is None


@pytest.mark.parametrize(
    ("email", "password", "fault"),
    [("ada", PASSWORD, InputInvalid), (ADA, "short", PasswordRejected)],
)
async def test_the_settings_are_held_to_the_same_rules(
    tools: Tools, clock: Clock, email: str, password: str, fault: type[Exception]
) -> None:
    with pytest.raises(fault):
        await seed_admin(tools, email, password, clock.now)

    assert not await tools.store.has_admin()
