"""How busy something is, and how long its work takes, as counts that cost next to nothing."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

BOUNDS_SECONDS = (
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""From what a read takes up to what a client waits for; the last place is for all that is longer."""


class Histogram:
    """
    Counts durations. Added to by one thread; another may read, and is at most one behind.

    Args:
        counts: one for each bound, of what was longer than the one before; the last of all that is longer.

    """

    __slots__ = ("counts", "sum_seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_SECONDS) + 1)
        self.sum_seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS_SECONDS, seconds)] += 1
        self.sum_seconds += seconds

    def add_all(self, other: "Histogram") -> None:
        """Count all that *other* has counted."""
        pairs = zip(self.counts, other.counts, strict=True)
        self.counts = [mine + theirs for mine, theirs in pairs]
        self.sum_seconds += other.sum_seconds

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)

    def cumulated(self) -> Iterator[tuple[float, int]]:
        """Yield each bound in seconds, infinity at last, with how many were no longer than that."""
        total = 0
        for bound, count in zip((*BOUNDS_SECONDS, float("inf")), list(self.counts), strict=True):
            total += count
            yield bound, total


@dataclass(frozen=True, slots=True)
class Load:
    """
    What this process asks of something that does a few things at a time.

    Args:
        durations: how long callers waited for what they asked for.
        busy: how many pieces of work are being done.
        waiting: how many wait for their turn.
        limit: how many can be done at a time.

    """

    durations: Histogram
    busy: int
    waiting: int
    limit: int
