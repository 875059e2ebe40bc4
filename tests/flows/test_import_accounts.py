"""Taking accounts over from the reference system: all that can be, and a reason for each other."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import bcrypt
import pytest

from keystead.domain.events import Event, EventName
from keystead.domain.reference import ReferenceUser, new_id
from keystead.domain.user import EmailAddress, Role, Status, UserQuery
from keystead.flows.import_accounts import Import, LeftOut, import_accounts
from keystead.flows.tools import Tools
from tests.conftest import Clock
from tests.flows.conftest import sign_in
from tests.people import PASSWORD
from tests.store.samples import NOW, added

HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
MADE = datetime(2024, 1, 2, 3, 4, 5, 678_000, UTC)
CHANGED = datetime(2025, 1, 2, 3, 4, 5, 678_000, UTC)


def object_id(number: int) -> str:
    return f"65a1b2c3d4e5f607{number:08x}"


def document(number: int, email: object = None) -> ReferenceUser:
    email = email or f"user{number}@example.com"
    return ReferenceUser(object_id(number), email, HASH, "user", MADE, CHANGED)


@dataclass
class Documents:
    """The other system, with these documents."""

    users_found: list[ReferenceUser]

    async def count(self) -> dict[str, int]:
        return {"users": len(self.users_found), "sessions": 4, "refreshtokens": 5}

    async def users(self) -> AsyncGenerator[ReferenceUser]:
        for each in self.users_found:
            yield each


async def imported(tools: Tools, *documents: ReferenceUser, is_rehearsal: bool = False) -> Import:
    system = Documents(list(documents))
    return await import_accounts(tools, system, NOW, lambda *_: None, is_rehearsal=is_rehearsal)


async def everybody(tools: Tools) -> list[str]:
    return [user.email for user in await tools.store.list_users(UserQuery(100))]


async def test_an_account_has_its_hash_its_role_and_its_times(tools: Tools) -> None:
    found = await imported(tools, replace(document(1, " Ada@Example.com "), role="admin"))

    kept = await tools.store.find_credentials(EmailAddress("ada@example.com"))
    assert kept is not None
    assert kept.password.text == HASH
    assert kept.user.id == new_id(object_id(1)) == found.imported[0].id
    assert (kept.user.role, kept.user.status) == (Role.ADMIN, Status.ACTIVE)
    assert (kept.user.created_at, kept.user.updated_at) == (MADE, CHANGED)
    assert found.has_admin
    assert found.signed_out == {"sessions": 4, "refreshtokens": 5}


async def test_people_sign_in_with_the_password_they_have_and_the_hash_is_replaced(
    tools: Tools, clock: Clock
) -> None:
    await imported(tools, document(1))

    for _ in range(2):
        await sign_in(tools, clock, "user1@example.com")

    kept = await tools.store.find_credentials(EmailAddress("user1@example.com"))
    assert kept is not None
    assert kept.password.text.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"id": "7"}, "ObjectId"),
        ({"email": None}, "no e-mail address"),
        ({"email": ["a@example.com"]}, "no text"),
        ({"email": "a\udcff@example.com"}, "no text"),
        ({"email": "nobody"}, "@"),
        ({"email": "a@example.com\n\nb@example.com"}, "email"),
        ({"email": "a" * 300 + "@example.com"}, "254"),
        ({"password": None}, "no password"),
        ({"password": "$argon2id$v=19$m=8,t=1,p=1$a$b"}, "bcrypt"),
        ({"role": None}, "no role"),
        ({"role": "owner"}, "neither user nor admin"),
    ],
    ids=repr,
)
async def test_what_no_account_can_be_made_of_is_left_out_with_the_reason_and_nothing_else_is(
    tools: Tools, broken: dict[str, object], reason: str
) -> None:
    bad = replace(document(2), **broken)  # type: ignore[arg-type] # as broken as it comes

    found = await imported(tools, document(1), bad, document(3))

    assert [each.where for each in found.left_out] == [bad.id]
    assert reason in found.left_out[0].reason
    assert await everybody(tools) == ["user1@example.com", "user3@example.com"]


async def test_a_document_without_times_has_that_of_its_id(tools: Tools) -> None:
    await imported(tools, replace(document(1), created_at=None, updated_at="yesterday"))

    user = await tools.store.find_user(new_id(object_id(1)))
    assert user is not None
    assert user.created_at == user.updated_at == datetime(2024, 1, 12, 21, 44, 35, tzinfo=UTC)


async def test_of_two_addresses_that_become_the_same_the_older_account_has_it(
    tools: Tools,
) -> None:
    found = await imported(tools, document(1, "Bob@example.com"), document(2, "bob@EXAMPLE.com"))

    assert [each.old_id for each in found.imported] == [object_id(1)]
    same = f"its e-mail address is the same as that of {object_id(1)}"
    assert found.left_out == [LeftOut(object_id(2), same)]


async def test_an_account_that_is_here_is_not_changed(tools: Tools) -> None:
    bob = await added(tools.store, "user1@example.com")
    before = await tools.store.find_credentials(bob.email)

    found = await imported(tools, replace(document(1), role="admin"), document(2))

    assert await tools.store.find_credentials(bob.email) == before
    assert [each.where for each in found.left_out] == [object_id(1)]
    assert "another account here" in found.left_out[0].reason
    assert not found.has_admin


async def test_repeating_it_imports_who_is_new_and_changes_nobody(
    tools: Tools, events: list[Event]
) -> None:
    await imported(tools, document(1), document(2))
    await tools.store.change_role(new_id(object_id(1)), Role.ADMIN, CHANGED, record=None)
    before = await tools.store.find_user(new_id(object_id(1)))

    found = await imported(tools, document(1, "changed@example.com"), document(2), document(3))

    assert [each.is_new for each in found.imported] == [False, False, True]
    assert found.left_out == []
    assert await tools.store.find_user(new_id(object_id(1))) == before
    assert await everybody(tools) == [f"user{n}@example.com" for n in (1, 2, 3)]
    assert [each.detail for each in events if each.name is EventName.USERS_IMPORTED] == ["2", "1"]


async def test_a_rehearsal_says_the_same_and_changes_nothing(
    tools: Tools, events: list[Event]
) -> None:
    await added(tools.store, "user3@example.com")
    documents = [
        document(1),
        document(2, "USER1@example.com"),
        document(3),
        replace(document(4), role="admin"),
    ]

    rehearsed = await imported(tools, *documents, is_rehearsal=True)

    assert await everybody(tools) == ["user3@example.com"]
    assert events == []
    assert rehearsed.has_admin
    assert rehearsed == await imported(tools, *documents)
    assert len(rehearsed.imported) == len(rehearsed.left_out) == 2


async def test_without_an_admin_that_is_said(tools: Tools) -> None:
    assert not (await imported(tools, document(1))).has_admin

    await added(tools.store, "ada@example.com", Role.ADMIN)
    assert (await imported(tools, document(1))).has_admin


@pytest.mark.parametrize("count", [0, 99, 100, 101, 250])
async def test_however_many_there_are_each_is_looked_at_once(tools: Tools, count: int) -> None:
    told: list[tuple[str, int, int]] = []
    system = Documents([document(n) for n in range(count)])

    found = await import_accounts(tools, system, NOW, lambda *told_now: told.append(told_now))

    assert len({each.id for each in found.imported}) == count
    assert told[0] == ("users read", 0, count)
    assert told[-1] == ("users read", count, count)
