"""Rotating refresh tokens: the request that writes, and whose write must be on the disk."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from bench.load.http import CONNECTIONS
from bench.load.raw import drive
from bench.load.sources import Refreshes
from bench.plan import TOKENS, Plan
from bench.rounds import LARGE_TO_SMALL, Contender, Figure, Result, Target, in_turn, ratio
from bench.servers import BARE, BARE_ROTATION, COOKIE, KEYSTEAD, Server, serving
from bench.turns import Turn, busy, cost_ratio, rates, watched

TO_BARE = Target(">=", 0.20)

ROTATION = "signature and commit alone"


def measure(plan: Plan) -> Result:
    """Compare an empty function with rotations, with few and with many sessions."""
    with ExitStack() as stack:
        bare = stack.enter_context(serving(BARE, plan.folder / "bare", plan.cores))
        tokens = plan.seeded(plan.sessions[0]).refresh_tokens
        contenders = [_contender(plan, "bare", bare, tokens)]
        alone = stack.enter_context(serving(BARE_ROTATION, plan.folder / "alone", plan.cores))
        first = [f"{number}.0" for number in range(TOKENS)]
        contenders.append(_contender(plan, ROTATION, alone, first))
        for sessions in plan.sessions:
            tokens = plan.seeded(sessions).refresh_tokens
            server = stack.enter_context(serving(KEYSTEAD, plan.folder_of(sessions), plan.cores))
            contenders.append(_contender(plan, f"{sessions:,} sessions", server, tokens))
        turns = in_turn(contenders, plan.rounds)
    return Result(
        "refresh",
        f"POST /auth/refresh, {TOKENS:,} chains on {CONNECTIONS} connections",
        _figures([contender.name for contender in contenders], turns),
        ["load by our own generator: each answer decides the next request"],
    )


def _contender(plan: Plan, name: str, server: Server, tokens: Sequence[str]) -> Contender[Turn]:
    # The same chains go on from turn to turn: a token that was spent is spent.
    chains = [Refreshes(tokens[number::CONNECTIONS], COOKIE) for number in range(CONNECTIONS)]
    load = partial(drive, server.port, chains, plan.seconds)
    return Contender(name, partial(watched, server, load))


def _figures(names: list[str], turns: list[list[Turn]]) -> list[Figure]:
    named = list(zip(names, turns, strict=True))
    bare, alone, *keysteads = [rates(name, own) for name, own in named]
    figures = [bare, alone, *keysteads]
    for name, own in named:
        figures += busy(name, own)
    figures.append(ratio(f"{alone.name} / {bare.name}", alone, bare))
    figures += cost_ratio(f"{alone.name} / {bare.name}", turns[1], turns[0])
    for each, own in zip(keysteads, turns[2:], strict=True):
        figures.append(ratio(f"{each.name} / {bare.name}", each, bare, TO_BARE))
        figures += cost_ratio(f"{each.name} / {bare.name}", own, turns[0])
        figures.append(ratio(f"{each.name} / {alone.name}", each, alone))
        figures += cost_ratio(f"{each.name} / {alone.name}", own, turns[1])
    fewest = keysteads[0]
    for each, own in zip(keysteads[1:], turns[3:], strict=True):
        figures.append(ratio(f"{each.name} / {fewest.name}", each, fewest, LARGE_TO_SMALL))
        figures += cost_ratio(f"{each.name} / {fewest.name}", own, turns[2])
    return figures
