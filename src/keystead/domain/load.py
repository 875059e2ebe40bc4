"""How busy something is, and how long its work takes, as counts that cost next to nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

STEP_SECONDS = 0.00001
FIRST, LAST = 5, 20
BOUNDS_SECONDS = tuple(2**power * STEP_SECONDS for power in range(FIRST, LAST + 1))
"""From 0.32 ms, less than any request takes, to 10.5 s, more than any client waits; each twice the last."""

PLACES = 64
"""The last would be for what takes longer than the universe has lasted: no duration needs a check."""

SUM = -1


def new_cells() -> list[float]:
    """
    Return what nothing has been counted in: a count for each place, and the sum in seconds at the end.

    In place n is what took less than 2**n steps and no less than half of that: found without a search,
    which would be most of the cost.
    """
    return [0] * PLACES + [0.0]


class Histogram:
    """Counts durations. Added to by one thread; another may read, and is at most one behind."""

    __slots__ = ("cells",)

    def __init__(self, cells: list[float] | None = None) -> None:
        self.cells = new_cells() if cells is None else cells

    def add(self, seconds: float) -> None:
        """Count one."""
        self.cells[int(seconds / STEP_SECONDS).bit_length()] += 1
        self.cells[SUM] += seconds

    def add_all(self, other: "Histogram") -> None:
        """Count all that *other* has counted."""
        pairs = zip(self.cells, other.cells, strict=True)
        self.cells = [mine + theirs for mine, theirs in pairs]

    @property
    def sum_seconds(self) -> float:
        """All durations together."""
        return self.cells[SUM]

    @property
    def count(self) -> int:
        """How many there were."""
        return int(sum(self.cells[:SUM]))

    def cumulated(self) -> Iterator[tuple[float, int]]:
        """Yield each bound in seconds, infinity at last, with how many took less than that."""
        counts = [int(count) for count in self.cells[:SUM]]
        for power, bound in zip(range(FIRST, LAST + 1), BOUNDS_SECONDS, strict=True):
            yield bound, sum(counts[: power + 1])
        yield float("inf"), sum(counts)


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
