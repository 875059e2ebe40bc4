"""Signing in: nearly all of it should be the password hash, and nobody else should wait for it."""

import subprocess
import sys
from functools import partial
from statistics import median

from bench.load.http import percentile
from bench.load.probe import probing
from bench.load.raw import drive
from bench.load.sources import Requests, bearers, gets, sign_ins
from bench.plan import Plan
from bench.processes import BenchFailed
from bench.rounds import Contender, Figure, Result, Target, in_turn, ratio
from bench.servers import KEYSTEAD, Seeded, Server, environment, serving
from bench.turns import Turn, rates

CONCURRENCY = 8

TO_ARGON2 = Target(">=", 0.85)
OTHERS_WAIT_MS = Target("<=", 250)

PATIENCE_SECONDS = 30


def measure(plan: Plan) -> Result:
    """Compare sign-ins with verifying passwords and doing nothing else, on the same core."""
    sessions = plan.sessions[0]
    seeded = plan.seeded(sessions)
    with serving(KEYSTEAD, plan.folder_of(sessions), plan.cores) as server:
        contenders = [
            Contender("Argon2 alone", partial(_hash, plan, seeded)),
            Contender("Keystead", partial(_sign_in, plan, server, seeded)),
        ]
        argon2, keystead = in_turn(contenders, plan.rounds)
    hashes = rates("Argon2 alone", argon2, "hashes/s")
    logins = rates("POST /auth/login", keystead, "logins/s")
    waited = [ms for turn in keystead for ms in turn.waited_ms]
    figures = [
        hashes,
        logins,
        ratio("POST /auth/login / Argon2", logins, hashes, TO_ARGON2),
        Figure("GET /profile meanwhile, p50", [median(waited)], "ms"),
        Figure("GET /profile meanwhile, p99", [percentile(waited, 99)], "ms", OTHERS_WAIT_MS),
        Figure("GET /profile meanwhile, longest", [max(waited)], "ms"),
    ]
    parameters = seeded.password_hash.split("$")[3]
    note = f"Argon2id {parameters} (m in KiB); {len(waited)} profiles, one every 20 ms"
    return Result("login", f"signing in over {CONCURRENCY} connections", figures, [note])


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
    share = len(seeded.emails) // CONCURRENCY
    people = [
        sign_ins(seeded.emails[first : first + share], seeded.password, first)
        for first in range(0, share * CONCURRENCY, share)
    ]
    waited_ms: list[float] = []
    with probing(server.port, Requests(gets("/profile", bearers(seeded.access_tokens))), waited_ms):
        load = drive(server.port, people, plan.seconds)
    return Turn(load.rate, waited_ms=tuple(waited_ms))
