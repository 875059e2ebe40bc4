"""From nothing to the first answer, and what an idle server holds in memory."""

import time
from itertools import count
from pathlib import Path

from bench.load.raw import drive
from bench.load.sources import bearers, sessions_of
from bench.plan import Plan
from bench.processes import Memory, Process, free_port
from bench.rounds import Contender, Figure, Result, Target, in_turn
from bench.servers import KEYSTEAD, READY, Seeded, environment, serving

START_SECONDS = Target("<=", 2)
IDLE_MIB = Target("<=", 130)

SETTLE_SECONDS = 2


def measure(plan: Plan) -> Result:
    """Start on a large database and on none at all; then look at the memory of one server alone."""
    sessions = max(plan.sessions)
    seeded, folder = plan.seeded(sessions), plan.folder_of(sessions)
    numbers = count()
    contenders = [
        Contender("existing database", lambda: _start(plan, folder)),
        Contender("first start ever", lambda: _start(plan, plan.folder / f"new-{next(numbers)}")),
    ]
    turns = in_turn(contenders, plan.rounds)
    figures = [
        Figure(contender.name, seconds, "s", START_SECONDS)
        for contender, seconds in zip(contenders, turns, strict=True)
    ]
    title = f"from the command to the first answer of {READY}; memory of all its processes"
    note = f"the existing database has {sessions:,} sessions; files are in the system's cache"
    return Result("start", title, [*figures, *_memory(plan, folder, seeded)], [note])


def _start(plan: Plan, folder: Path) -> float:
    port = free_port()
    command = (*KEYSTEAD, "--port", str(port))
    with Process(command, folder, environment(folder), plan.cores) as process:
        return process.wait_until_answering(port, READY)


def _memory(plan: Plan, folder: Path, seeded: Seeded) -> list[Figure]:
    with serving(KEYSTEAD, folder, plan.cores) as server:
        time.sleep(SETTLE_SECONDS)
        idle = server.process.memory()
        drive(server.port, sessions_of("/profile", bearers(seeded.access_tokens)), plan.seconds)
        used = server.process.memory()
    if idle is None or used is None:
        return []
    return [*_figures("idle", idle, IDLE_MIB), *_figures("after load", used, None)]


def _figures(when: str, memory: Memory, target: Target | None) -> list[Figure]:
    return [
        Figure(f"memory {when}, PSS", [memory.pss], "MiB", target),
        Figure(f"memory {when}, RSS", [memory.rss], "MiB"),
    ]
