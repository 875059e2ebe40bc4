"""Whether two kinds of request take the same time, as far as an attacker can measure."""

import math
import random
from collections.abc import Callable
from statistics import fmean, quantiles, variance

LIMIT = 4.5
"""Of abs(t): beyond it two distributions differ for certain (TVLA; Goodwill et al. 2011)."""

KEPT_PERCENT = 75
"""What is slower than that many of all samples was interrupted; it says nothing of the work done."""

Measure = Callable[[], float]
"""Do it once. Returns: how many seconds it took."""


def difference(first: Measure, second: Measure, pairs: int) -> float:
    """Measure both in turns, and return Welch's t of the two."""
    order = random.Random(0)
    samples: tuple[list[float], list[float]] = ([], [])
    for _ in range(pairs):
        # What drifts meanwhile (the clock of a processor, another program) drifts for both.
        for which in order.sample((0, 1), 2):
            samples[which].append((first, second)[which]())
    return welch(*cropped(*samples))


def cropped(first: list[float], second: list[float]) -> tuple[list[float], list[float]]:
    """Leave out the slowest of both together, by one limit, which favours neither."""
    limit = quantiles([*first, *second], n=100)[KEPT_PERCENT - 1]
    return [value for value in first if value <= limit], [
        value for value in second if value <= limit
    ]


def welch(first: list[float], second: list[float]) -> float:
    """Return Welch's t: the difference of the means in units of its own uncertainty."""
    uncertainty = variance(first) / len(first) + variance(second) / len(second)
    return (fmean(first) - fmean(second)) / math.sqrt(uncertainty)
