"""Durations are counted so that any percentile can be told roughly."""

from math import inf

import pytest

from keystead.domain.load import BOUNDS_SECONDS, Histogram


def test_each_duration_is_in_every_bucket_that_is_longer() -> None:
    durations = Histogram()
    for seconds in (0.0, 0.0003, 0.3, 11.0, 1e9):
        durations.add(seconds)

    found = dict(durations.cumulated())

    assert list(found) == [*BOUNDS_SECONDS, inf]
    assert found[BOUNDS_SECONDS[0]] == 2
    assert [count for bound, count in found.items() if bound < 0.3][-1] == 2
    assert next(count for bound, count in found.items() if bound >= 0.3) == 3
    assert (found[BOUNDS_SECONDS[-1]], found[inf]) == (3, 5)
    assert durations.count == 5
    assert durations.sum_seconds == pytest.approx(1e9 + 11.3003)


@pytest.mark.parametrize("seconds", [0.0004, 0.003, 0.02, 0.2, 1.5, 9.0])
def test_a_duration_is_between_two_bounds_of_which_one_is_twice_the_other(seconds: float) -> None:
    durations = Histogram()
    durations.add(seconds)

    bound = next(bound for bound, count in durations.cumulated() if count)

    assert bound / 2 <= seconds < bound


def test_two_histograms_add_up() -> None:
    one, two = Histogram(), Histogram()
    one.add(0.1)
    two.add(0.1)
    two.add(7.0)

    one.add_all(two)

    assert one.count == 3
    assert dict(one.cumulated())[BOUNDS_SECONDS[9]] == 2
