"""One turn under load, and the figures that several of them come to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.load.http import Load
from bench.rounds import Figure, ratio
from bench.servers import Server


@dataclass(frozen=True, slots=True)
class Turn:
    """How much a second, how busy the server's core was with it, what others waited meanwhile."""

    rate: float
    busy_percent: float | None = None
    waited_ms: tuple[float, ...] = ()


def watched(server: Server, load: Callable[[], Load]) -> Turn:
    """Put *load* on *server*, and see how busy that keeps it."""
    before = server.process.cpu_seconds()
    found = load()
    after = server.process.cpu_seconds()
    if before is None or after is None:
        return Turn(found.rate)
    return Turn(found.rate, 100 * (after - before) / found.seconds)


def rates(name: str, turns: Sequence[Turn], unit: str = "requests/s") -> Figure:
    """Show what was done a second."""
    return Figure(name, [turn.rate for turn in turns], unit)


def busy(name: str, turns: Sequence[Turn]) -> list[Figure]:
    """Show how much of its core the server had; far below 100, something else was the limit."""
    values = [turn.busy_percent for turn in turns if turn.busy_percent is not None]
    return [Figure(f"{name}: server busy", values, "% of a core")] if values else []


def cost_ratio(name: str, of: Sequence[Turn], to: Sequence[Turn]) -> list[Figure]:
    """Divide what a second of processor time was good for: somebody else's share is left out."""
    one, other = _per_cpu_second(of), _per_cpu_second(to)
    return [ratio(f"{name}, by processor time", one, other)] if one and other else []


def _per_cpu_second(turns: Sequence[Turn]) -> Figure | None:
    values = [100 * turn.rate / turn.busy_percent for turn in turns if turn.busy_percent]
    return Figure("", values, "") if len(values) == len(turns) else None
