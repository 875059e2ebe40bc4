from dataclasses import replace
from datetime import timedelta

import pytest

from keystead.domain.session import SignedIn
from keystead.domain.tokens import Reused, Superseded, Unknown, judge
from keystead.domain.user import Status
from tests.store.samples import NOW, new_session, new_user

BOB = new_user()
AT_FIVE = replace(new_session(BOB), generation=5, rotated_at=NOW)
FOUND = SignedIn(AT_FIVE, BOB)


@pytest.mark.parametrize("wait", [timedelta(0), timedelta(seconds=10), timedelta(days=13)])
def test_one_behind_is_superseded_and_says_since_when(wait: timedelta) -> None:
    assert judge(FOUND, 4, NOW + wait) == Superseded(FOUND, NOW)


@pytest.mark.parametrize("generation", [0, 1, 2, 3])
def test_further_behind_was_used_before(generation: int) -> None:
    assert judge(FOUND, generation, NOW) == Reused(AT_FIVE)


@pytest.mark.parametrize("generation", [5, 6, 2**32 - 1])
def test_a_restored_back_up_accuses_nobody(generation: int) -> None:
    # The generation itself comes here too, when the session changed between UPDATE and SELECT.
    assert judge(FOUND, generation, NOW) == Unknown()


@pytest.mark.parametrize("generation", [0, 3, 4, 5, 6])
@pytest.mark.parametrize(
    "found",
    [
        None,
        SignedIn(replace(AT_FIVE, expires_at=NOW), BOB),
        SignedIn(replace(AT_FIVE, ends_at=NOW), BOB),
        SignedIn(AT_FIVE, replace(BOB, status=Status.DISABLED)),
    ],
    ids=["gone", "idle too long", "at its absolute end", "user disabled"],
)
def test_behind_what_is_over_stands_nothing(found: SignedIn | None, generation: int) -> None:
    assert judge(found, generation, NOW) == Unknown()


def test_a_session_that_never_rotated_has_no_token_behind() -> None:
    odd = SignedIn(replace(AT_FIVE, generation=1, rotated_at=None), BOB)

    assert judge(odd, 0, NOW) == Unknown()
