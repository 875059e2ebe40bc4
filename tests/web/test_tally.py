"""What is counted of a request, for whoever asks for metrics."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from keystead.domain.load import STEP_SECONDS
from keystead.logs import RequestLine
from keystead.web.tally import Answer, Tally

LINE = RequestLine(
    timestamp=datetime(2026, 1, 1, tzinfo=UTC),
    request_id="1",
    method="GET",
    route="/profile",
    status=200,
    ms=0.0,
    user_id=None,
    ip=None,
)
OTHERS = [
    {"method": "HEAD"},
    {"route": "/sessions"},
    {"status": 499},
    {"status": 401, "code": "token_expired"},
    {"status": 429, "code": "throttled", "limit": "account"},
    {"status": 429, "code": "throttled", "limit": "device"},
]


def counted(tally: Tally) -> dict[Answer, int]:
    return {answer: durations.count for answer, durations in tally.answers().items()}


def test_each_kind_of_answer_is_counted_apart_however_they_come() -> None:
    tally = Tally()
    lines = [LINE, *(replace(LINE, **other) for other in OTHERS)]  # type: ignore[arg-type]
    for line in [*lines, *lines, *reversed(lines)]:
        tally.add(line, 1)

    assert counted(tally) == {
        (line.method, line.route, line.status, line.code, line.limit): 3 for line in lines
    }


@pytest.mark.parametrize("code", [None, "route_not_found"])
def test_without_a_route_what_a_client_calls_its_method_is_not_kept(code: str | None) -> None:
    tally = Tally()
    for number in range(100):
        tally.add(replace(LINE, method=f"X{number}", route=None, code=code), 1)

    assert counted(tally) == {("", None, 200, code, None): 100}


def test_durations_are_in_seconds() -> None:
    tally = Tally()
    for steps in (0, 1, 100_000):
        tally.add(LINE, steps)

    (durations,) = tally.answers().values()

    assert durations.sum_seconds == pytest.approx(100_001 * STEP_SECONDS)
    below = dict(durations.cumulated())
    assert below[0.00032] == 2
    assert below[1.31072] == 3


def test_what_was_read_does_not_change_with_what_is_counted_later() -> None:
    tally = Tally()
    tally.add(LINE, 1)
    (before,) = tally.answers().values()
    tally.add(LINE, 1)

    assert before.count == 1
