"""The table that a person reads, and the JSON that a program does."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.rounds import Figure, Result

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


def write(path: Path, machine: Mapping[str, str], options: object, results: list[Result]) -> None:
    """Write everything, with the value of every round."""
    content = {
        "machine": dict(machine),
        "options": options,
        "results": [{**asdict(result), "figures": list(_as_json(result))} for result in results],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")


def _cells(figure: Figure) -> tuple[str, ...]:
    target = figure.target
    return (
        figure.name,
        _number(figure.median, figure.unit),
        _number(min(figure.values), figure.unit),
        _number(max(figure.values), figure.unit),
        figure.unit,
        f"{target.sign} {target.value:g}" if target else "",
        {True: "yes", False: "NO", None: ""}[figure.is_met],
    )


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    # Names and units begin together, numbers end together.
    aligned = "<>>><<<"
    return "  ".join(
        f"{cell:{side}{width}}" for cell, side, width in zip(row, aligned, widths, strict=True)
    )


def _number(value: float, unit: str) -> str:
    return f"{value:,.{DECIMALS.get(unit, 0)}f}"


def _as_json(result: Result) -> Iterator[dict[str, Any]]:
    for figure in result.figures:
        yield {**asdict(figure), "median": figure.median, "is_met": figure.is_met}
