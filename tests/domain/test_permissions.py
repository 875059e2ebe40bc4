from dataclasses import replace
from itertools import product

import pytest

from keystead.domain.permissions import TABLE, Permission, may
from keystead.domain.user import Role, User, UserId
from tests.store.samples import new_user

ADA = replace(
    new_user("ada@example.com", Role.ADMIN), id=UserId("01930000-0000-7000-8000-00000000000a")
)
BOB = replace(new_user("bob@example.com"), id=UserId("01930000-0000-7000-8000-00000000000b"))

OWN_ONLY = {Permission.USER_READ, Permission.USER_DELETE}
"""What a user may do with the own account; nothing else, and nothing with anybody else's."""


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("owner", [ADA.id, BOB.id, None, "", "no id at all", "🙂"])
def test_an_admin_may_everything(permission: Permission, owner: str | None) -> None:
    assert may(ADA, permission, owner)


@pytest.mark.parametrize("permission", Permission)
def test_a_user_may_read_and_delete_the_own_account_only(permission: Permission) -> None:
    assert may(BOB, permission, BOB.id) == (permission in OWN_ONLY)


@pytest.mark.parametrize(
    ("permission", "owner"),
    list(product(Permission, [ADA.id, None, "", "no id at all", BOB.id.upper(), f"{BOB.id} "])),
)
def test_a_user_may_nothing_with_what_is_not_theirs(
    permission: Permission, owner: str | None
) -> None:
    assert not may(BOB, permission, owner)


@pytest.mark.parametrize(("role", "permission"), list(product(Role, Permission)))
def test_a_demoted_admin_may_no_more_than_anybody(role: Role, permission: Permission) -> None:
    demoted: User = replace(ADA, role=role)

    assert may(demoted, permission, BOB.id) == (role is Role.ADMIN)


def test_every_role_stands_in_the_table() -> None:
    assert set(TABLE) == set(Role)
