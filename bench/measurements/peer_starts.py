"""How long Keystead and its peers take to start, and what they hold in memory."""

import time
from collections.abc import Sequence

from bench.load.raw import drive
from bench.load.sources import sessions_of
from bench.measurements.peer_verbs import Everybody
from bench.peers.entrant import Entrant
from bench.plan import Plan
from bench.rounds import Figure

SETTLE_SECONDS = 2


def starts_and_memory(
    plan: Plan, entrants: Sequence[Entrant], everybody: dict[int, Everybody]
) -> list[Figure]:
    """Start each alone on a database of each size, until it answers; look at it idle and after load."""
    found = [
        figure
        for sessions, filled in everybody.items()
        for each in entrants
        for figure in _look_at(plan, each, filled[each.name].headers, sessions)
    ]
    return sorted(found, key=lambda figure: figure.unit == "MiB")  # The times first.


def _look_at(plan: Plan, entrant: Entrant, headers: list[str], sessions: int) -> list[Figure]:
    sources = sessions_of(entrant.session_path, headers)
    name = f"{entrant.name}, {sessions:,} sessions"
    with entrant.serving(plan.folder_of_peer(entrant.name, sessions), plan.cores) as server:
        started = Figure(f"start: {name}", [server.start_seconds], "s")
        time.sleep(SETTLE_SECONDS)
        idle = server.process.memory()
        drive(server.port, sources, plan.seconds)
        used = server.process.memory()
    if idle is None or used is None:
        return [started]
    return [
        started,
        Figure(f"memory idle: {name}, PSS", [idle.pss], "MiB"),
        Figure(f"memory after load: {name}, PSS", [used.pss], "MiB"),
    ]
