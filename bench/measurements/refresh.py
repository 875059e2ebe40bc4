"""Rotating refresh tokens: the request that writes, and whose write must be on the disk."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from bench.load.http import CONNECTIONS
from bench.load.raw import drive
from bench.load.sources import Refreshes
from bench.plan import TOKENS, Plan
from bench.rounds import Contender, Result, in_turn, ratio
from bench.servers import BARE, COOKIE, KEYSTEAD, Server, serving
from bench.turns import Turn, busy, cost_ratio, rates, watched


def measure(plan: Plan) -> Result:
    """Compare an empty function with rotations; no target, since the disk decides much of it."""
    sessions = plan.sessions[0]
    tokens = plan.seeded(sessions).refresh_tokens
    with ExitStack() as stack:
        bare = stack.enter_context(serving(BARE, plan.folder / "bare", plan.cores))
        keystead = stack.enter_context(serving(KEYSTEAD, plan.folder_of(sessions), plan.cores))
        contenders = [
            _contender(plan, "bare", bare, tokens),
            _contender(plan, "POST /auth/refresh", keystead, tokens),
        ]
        by_bare, by_keystead = in_turn(contenders, plan.rounds)
    requests = rates("bare", by_bare)
    rotations = rates("POST /auth/refresh", by_keystead)
    figures = [
        requests,
        rotations,
        *busy(requests.name, by_bare),
        *busy(rotations.name, by_keystead),
        ratio("POST /auth/refresh / bare", rotations, requests),
        *cost_ratio("POST /auth/refresh / bare", by_keystead, by_bare),
    ]
    title = f"POST /auth/refresh, {TOKENS:,} chains on {CONNECTIONS} connections"
    note = "load by our own generator: each answer decides the next request"
    return Result("refresh", title, figures, [note])


def _contender(plan: Plan, name: str, server: Server, tokens: Sequence[str]) -> Contender[Turn]:
    # The same chains go on from turn to turn: a token that was spent is spent.
    chains = [Refreshes(tokens[number::CONNECTIONS], COOKIE) for number in range(CONNECTIONS)]
    load = partial(drive, server.port, chains, plan.seconds)
    return Contender(name, partial(watched, server, load))
