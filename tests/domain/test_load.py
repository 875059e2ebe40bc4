"""Durations are counted so that any percentile can be told roughly."""

from math import inf

from keystead.domain.load import BOUNDS_SECONDS, Histogram


def test_each_duration_is_in_every_bucket_that_it_is_not_longer_than() -> None:
    durations = Histogram()
    for seconds in (0.0, 0.0005, 0.3, 11.0):
        durations.add(seconds)

    found = dict(durations.cumulated())

    assert list(found) == [*BOUNDS_SECONDS, inf]
    assert (found[0.0005], found[0.25], found[0.5], found[10.0], found[inf]) == (2, 2, 3, 3, 4)
    assert durations.count == 4
    assert durations.sum_seconds == 11.3005


def test_two_histograms_add_up() -> None:
    one, two = Histogram(), Histogram()
    one.add(0.1)
    two.add(0.1)
    two.add(7.0)

    one.add_all(two)

    assert one.count == 3
    assert dict(one.cumulated())[0.1] == 2
