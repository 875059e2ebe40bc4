"""OWASP ASVS 7.5.1 and 7.5.3: how long a proof of the password counts, and where it is asked for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from keystead.domain.step_up import StepUp, StepUpPolicy
from keystead.domain.tokens import CLOCK_SKEW
from tests.store.samples import NOW, new_session, new_user

SESSION = new_session(new_user())
MICROSECOND = timedelta(microseconds=1)
WINDOW = timedelta(minutes=10)
POLICY = StepUpPolicy(StepUp.ALL, WINDOW)


@pytest.mark.parametrize(
    ("age", "is_recent"),
    [
        (timedelta(0), True),
        (WINDOW - MICROSECOND, True),
        (WINDOW, False),
        (timedelta(days=30), False),
        (-CLOCK_SKEW, True),  # another host's clock is ahead
        (-CLOCK_SKEW - MICROSECOND, False),  # the clock was set back
        (-timedelta(days=365), False),
    ],
)
def test_a_proof_counts_until_the_end_of_the_window(age: timedelta, *, is_recent: bool) -> None:
    assert POLICY.is_recent(SESSION, SESSION.authenticated_at + age) is is_recent


def test_the_proof_counts_and_not_the_beginning_of_the_session() -> None:
    old = replace(SESSION, created_at=NOW - timedelta(days=9))

    assert POLICY.is_recent(old, NOW)
    assert not POLICY.is_recent(replace(old, authenticated_at=old.created_at), NOW)


@pytest.mark.parametrize(
    ("scope", "asked"),
    [(None, []), (StepUp.ADDED, [StepUp.ADDED]), (StepUp.ALL, [StepUp.ADDED, StepUp.ALL])],
)
def test_each_setting_asks_on_its_routes(scope: StepUp | None, asked: list[StepUp]) -> None:
    assert [asks for asks in StepUp if StepUpPolicy(scope, WINDOW).is_asked(asks)] == asked
