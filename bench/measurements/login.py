"""Signing in: nearly all of it should be the password hash, and nobody else should wait for it."""

import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from statistics import median

from bench.load.http import percentile
from bench.load.probe import probing
from bench.load.raw import drive
from bench.load.sources import Requests, bearers, gets, sign_ins
from bench.plan import Plan
from bench.processes import BenchFailed
from bench.rounds import LARGE_TO_SMALL, Contender, Figure, Result, Target, in_turn, ratio
from bench.servers import KEYSTEAD, Seeded, Server, environment, serving
from bench.turns import Turn, rates

CONCURRENCY = 8

TO_ARGON2 = Target(">=", 0.90)
OTHERS_WAIT_MS = Target("<=", 50)
MEANWHILE = "/auth/verify"

PATIENCE_SECONDS = 30


def measure(plan: Plan) -> Result:
    """Compare sign-ins with verifying passwords and doing nothing else, on the same core."""
    seeded = [plan.seeded(sessions) for sessions in plan.sessions]
    contenders = [Contender("Argon2 alone", partial(_hash, plan, seeded[0]))]
    with ExitStack() as stack:
        for sessions, people in zip(plan.sessions, seeded, strict=True):
            server = stack.enter_context(serving(KEYSTEAD, plan.folder_of(sessions), plan.cores))
            name = f"{sessions:,} sessions"
            contenders.append(Contender(name, partial(_sign_in, plan, server, people)))
        turns = in_turn(contenders, plan.rounds)
    waits = sum(len(turn.waited_ms) for own in turns for turn in own)
    parameters = seeded[0].password_hash.split("$")[3]
    notes = [f"Argon2id {parameters} (m in KiB); {waits} of {MEANWHILE}, one every 20 ms"]
    figures = _figures([contender.name for contender in contenders], turns)
    return Result("login", f"POST /auth/login over {CONCURRENCY} connections", figures, notes)


def _figures(names: list[str], turns: list[list[Turn]]) -> list[Figure]:
    hashes = rates(names[0], turns[0], "hashes/s")
    logins = [rates(name, own, "logins/s") for name, own in zip(names[1:], turns[1:], strict=True)]
    fewest = logins[0]
    return [
        hashes,
        *logins,
        *(ratio(f"{each.name} / {hashes.name}", each, hashes, TO_ARGON2) for each in logins),
        *(ratio(f"{each.name} / {fewest.name}", each, fewest, LARGE_TO_SMALL) for each in logins[1:]),
        *(each for name, own in zip(names[1:], turns[1:], strict=True) for each in _waits(name, own)),
    ]  # fmt: skip


def _waits(name: str, turns: list[Turn]) -> list[Figure]:
    waited = [ms for turn in turns for ms in turn.waited_ms]
    said = f"GET {MEANWHILE} meanwhile, {name}"
    return [
        Figure(f"{said}, p50", [median(waited)], "ms"),
        Figure(f"{said}, p99", [percentile(waited, 99)], "ms", OTHERS_WAIT_MS),
        Figure(f"{said}, longest", [max(waited)], "ms"),
    ]


def _hash(plan: Plan, seeded: Seeded) -> Turn:
    command = (sys.executable, "-m", "bench.programs.argon2_alone")
    arguments = (str(plan.seconds), seeded.password_hash)
    with plan.cores.of_the_server():
        done = subprocess.run(
            [*command, *arguments], cwd=plan.folder, env=environment(plan.folder),
            capture_output=True, text=True, check=False, timeout=plan.seconds + PATIENCE_SECONDS,
        )  # fmt: skip
    if done.returncode:
        raise BenchFailed(done.stderr)
    return Turn(float(done.stdout))


def _sign_in(plan: Plan, server: Server, seeded: Seeded) -> Turn:
    people = sign_ins(seeded.emails, seeded.password, CONCURRENCY)
    waited_ms: list[float] = []
    with probing(server.port, Requests(gets(MEANWHILE, bearers(seeded.access_tokens))), waited_ms):
        load = drive(server.port, people, plan.seconds)
    return Turn(load.rate, waited_ms=tuple(waited_ms))
