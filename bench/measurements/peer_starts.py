"""How long Keystead and its peers take to start, and what they hold in memory."""

import time
from collections.abc import Sequence
from functools import partial

from bench.load.raw import drive
from bench.load.sources import sessions_of
from bench.peers.entrant import Entrant, Filled
from bench.plan import Plan
from bench.rounds import Contender, Figure, in_turn

SETTLE_SECONDS = 2


def starts(plan: Plan, entrants: Sequence[Entrant]) -> list[Figure]:
    """Start each on the smallest database, until it answers."""
    contenders = [Contender(each.name, partial(_start, plan, each)) for each in entrants]
    turns = in_turn(contenders, plan.rounds, are_warm=True)  # Each was started before.
    return [
        Figure(f"start: {contender.name}", seconds, "s")
        for contender, seconds in zip(contenders, turns, strict=True)
    ]


def _start(plan: Plan, entrant: Entrant) -> float:
    folder = plan.folder_of_peer(entrant.name, plan.sessions[0])
    began = time.perf_counter()
    with entrant.serving(folder, plan.cores):
        return time.perf_counter() - began


def memory(plan: Plan, entrants: Sequence[Entrant], filled: dict[str, Filled]) -> list[Figure]:
    """Look at each alone: idle, and after session checks."""
    return [
        figure for each in entrants for figure in _memory(plan, each, filled[each.name].headers)
    ]


def _memory(plan: Plan, entrant: Entrant, headers: list[str]) -> list[Figure]:
    sources = sessions_of(entrant.session_path, headers)
    folder = plan.folder_of_peer(entrant.name, plan.sessions[0])
    with entrant.serving(folder, plan.cores) as server:
        time.sleep(SETTLE_SECONDS)
        idle = server.process.memory()
        drive(server.port, sources, plan.seconds)
        used = server.process.memory()
    if idle is None or used is None:
        return []
    return [
        Figure(f"memory idle: {entrant.name}, PSS", [idle.pss], "MiB"),
        Figure(f"memory after load: {entrant.name}, PSS", [used.pss], "MiB"),
    ]
