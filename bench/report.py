"""What a run found: the table that a person reads, and the JSON that a program does."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.rounds import Figure, Result, Target

DECIMALS = {
    "ratio": 3,
    "s": 2,
    "MiB": 1,
    "ms": 1,
    "hashes/s": 1,
    "logins/s": 1,
    "sign-ups/s": 1,
}
"""For each unit; others are counted in wholes."""

HEADINGS = ("", "median", "lowest", "highest", "unit", "target", "met")

DONE_A_SECOND = ("requests/s", "logins/s", "sign-ups/s")


@dataclass(frozen=True, slots=True)
class Run:
    """Where and when, what was asked for by measurement, and what each of them found."""

    machine: Mapping[str, str]
    options: Mapping[str, Any]
    results: list[Result]

    def find(self, measurement: str, figure: str) -> Figure | None:
        """Return the figure of that name, if it was measured."""
        return next((each for each in self._of(measurement) if each.name == figure), None)

    def beginning(self, measurement: str, text: str) -> list[Figure]:
        """Return the figures whose names begin with *text*."""
        return [each for each in self._of(measurement) if each.name.startswith(text)]

    def done_a_second(self, measurement: str, text: str) -> list[Figure]:
        """Return those that count what was done a second."""
        return [each for each in self.beginning(measurement, text) if each.unit in DONE_A_SECOND]

    def title_of(self, measurement: str) -> str:
        return next(result.title for result in self.results if result.name == measurement)

    def _of(self, measurement: str) -> list[Figure]:
        return [
            figure
            for result in self.results
            if result.name == measurement
            for figure in result.figures
        ]


def header(machine: Mapping[str, str]) -> str:
    """Say where and with what."""
    width = max(map(len, machine)) + 2
    return "\n".join(f"{name:<{width}}{value}" for name, value in machine.items())


def table(result: Result) -> str:
    """Return the figures of one measurement in columns."""
    rows = [HEADINGS, *(_cells(figure) for figure in result.figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [f"{result.name}: {result.title}"]
    lines += ["  " + _line(row, widths).rstrip() for row in rows]
    lines += [f"  ({note})" for note in result.notes]
    return "\n".join(lines)


def write(path: Path, run: Run) -> None:
    """Write everything, with the value of every round."""
    content = {
        "machine": dict(run.machine),
        "options": dict(run.options),
        "results": [{**asdict(result), "figures": list(_as_json(result))} for result in run.results],
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")


def read(path: Path) -> Run:
    """Read what `write` wrote."""
    content = json.loads(path.read_text())
    results = [
        Result(each["name"], each["title"], list(map(_figure, each["figures"])), each["notes"])
        for each in content["results"]
    ]
    return Run(content["machine"], content["options"], results)


def number(value: float, unit: str) -> str:
    """Write a value with as many decimals as its unit has."""
    return f"{value:,.{DECIMALS.get(unit, 0)}f}"


def _figure(said: dict[str, Any]) -> Figure:
    target = Target(**said["target"]) if said["target"] else None
    return Figure(said["name"], said["values"], said["unit"], target)


def _cells(figure: Figure) -> tuple[str, ...]:
    return (
        figure.name,
        number(figure.median, figure.unit),
        number(min(figure.values), figure.unit),
        number(max(figure.values), figure.unit),
        figure.unit,
        str(figure.target or ""),
        {True: "yes", False: "NO", None: ""}[figure.is_met],
    )


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    # Names and units begin together, numbers end together.
    aligned = "<>>><<<"
    return "  ".join(
        f"{cell:{side}{width}}" for cell, side, width in zip(row, aligned, widths, strict=True)
    )


def _as_json(result: Result) -> Iterator[dict[str, Any]]:
    for figure in result.figures:
        yield {**asdict(figure), "median": figure.median, "is_met": figure.is_met}
