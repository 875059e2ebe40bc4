"""Contenders in turn, so that what the machine does meanwhile happens to all of them alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Generic, Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Contender(Generic[T]):
    """Something that is measured, and how: one turn of it."""

    name: str
    turn: Callable[[], T]


def in_turn(
    contenders: Sequence[Contender[T]], rounds: int, *, are_warm: bool = False
) -> list[list[T]]:
    """
    Give each contender a turn to warm up if they are not, then all of them one turn a round: A B, A B, A B.

    Returns: the turns of each contender, in the order of the rounds.
    """
    if not are_warm:
        for contender in contenders:
            contender.turn()
    turns: list[list[T]] = [[] for _ in contenders]
    for _ in range(rounds):
        for contender, own in zip(contenders, turns, strict=True):
            own.append(contender.turn())
    return turns


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should be."""

    sign: Literal[">=", "<="]
    value: float

    def is_met(self, value: float) -> bool:
        return value >= self.value if self.sign == ">=" else value <= self.value

    def __str__(self) -> str:
        return f"{self.sign} {self.value:g}"


LARGE_TO_SMALL = Target(">=", 0.91)
"""Of what is done a second with the most sessions and with the fewest: a tenth dearer at most."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: a value for each round."""

    name: str
    values: list[float]
    unit: str
    target: Target | None = None

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def is_met(self) -> bool | None:
        return None if self.target is None else self.target.is_met(self.median)


def ratio(name: str, of: Figure, to: Figure, target: Target | None = None) -> Figure:
    """Divide round by round: neighbours in time are compared, not averages of different minutes."""
    values = [one / other for one, other in zip(of.values, to.values, strict=True)]
    return Figure(name, values, "ratio", target)


@dataclass(frozen=True, slots=True)
class Result:
    """What one measurement found."""

    name: str
    title: str
    figures: list[Figure]
    notes: list[str] = field(default_factory=list)
