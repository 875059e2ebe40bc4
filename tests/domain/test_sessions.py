from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.session import Session, SessionPolicy, SignedIn
from keystead.domain.user import Status
from tests.store.samples import NOW, new_session, new_user

BOB = new_user()
SESSION = new_session(BOB)
MICROSECOND = timedelta(microseconds=1)
POLICY = SessionPolicy(idle=timedelta(days=14), lifetime=timedelta(days=30))


@pytest.mark.parametrize(
    "session", [replace(SESSION, expires_at=NOW), replace(SESSION, ends_at=NOW)]
)
def test_a_session_is_over_at_its_end_and_not_before(session: Session) -> None:
    assert session.is_live(NOW - MICROSECOND)
    assert not session.is_live(NOW)
    assert not session.is_live(NOW + MICROSECOND)


def test_a_session_of_a_disabled_user_is_as_good_as_none() -> None:
    assert SignedIn(SESSION, BOB).is_live(NOW)
    assert not SignedIn(SESSION, replace(BOB, status=Status.DISABLED)).is_live(NOW)
    assert not SignedIn(SESSION, BOB).is_live(SESSION.expires_at)


def test_use_moves_the_idle_end() -> None:
    later = NOW + timedelta(days=3)

    assert POLICY.slide(SESSION, later) == later + POLICY.idle


def test_use_never_moves_the_idle_end_past_the_absolute_one() -> None:
    assert POLICY.slide(SESSION, SESSION.ends_at - timedelta(days=14)) == SESSION.ends_at
    assert POLICY.slide(SESSION, SESSION.ends_at - MICROSECOND) == SESSION.ends_at


@given(st.lists(st.timedeltas(timedelta(0), timedelta(days=20)), max_size=30))
def test_no_use_makes_a_session_outlive_its_lifetime(pauses: list[timedelta]) -> None:
    session, now = SESSION, NOW
    for pause in pauses:
        now += pause
        if session.is_live(now):
            session = replace(session, last_active_at=now, expires_at=POLICY.slide(session, now))

    assert session.expires_at <= session.ends_at == SESSION.ends_at
    assert not session.is_live(SESSION.created_at + POLICY.lifetime)


@pytest.mark.parametrize(
    ("interval", "pause", "is_due"),
    [
        (timedelta(seconds=60), timedelta(seconds=59, milliseconds=999), False),
        (timedelta(seconds=60), timedelta(seconds=60), True),
        (timedelta(seconds=60), timedelta(hours=1), True),
        (timedelta(seconds=60), -timedelta(hours=1), False),  # another host's clock is ahead
        (timedelta(0), timedelta(0), True),
        (timedelta(0), timedelta(milliseconds=1), True),
    ],
)
def test_use_is_written_down_once_per_interval(
    interval: timedelta, pause: timedelta, *, is_due: bool
) -> None:
    policy = replace(POLICY, touch_interval=interval)

    assert policy.is_touch_due(SESSION, NOW + pause) is is_due
