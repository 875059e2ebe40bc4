"""How far something is: a bar at a terminal, a line now and then elsewhere; on standard error."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from keystead.flows.compare import Told

STEPS = 10
"""Lines for each thing that is done, where there is no terminal."""


@contextmanager
def progress() -> Iterator[Told]:
    """Give what is to be told *what*, how much of it is *done*, and how much there is in all."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console  # noqa: PLC0415 - the bar costs 10 MiB; see cli/geo.py.
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield tell


def _lines() -> Told:
    told: dict[str, int] = {}

    def tell(what: str, done: int, total: int) -> None:
        step = done * STEPS // total if total else STEPS
        if step > told.get(what, -1):
            told[what] = step
            typer.echo(f"{what}: {done} of {total}", err=True)

    return tell
