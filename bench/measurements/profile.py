"""GET /profile, the request that is made most: a signature, a session from the database, JSON."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench.load.http import CONNECTIONS, Load
from bench.load.raw import drive
from bench.load.sources import Profiles
from bench.load.wrk import run_wrk
from bench.plan import TOKENS, Plan
from bench.rounds import Contender, Figure, Result, Target, in_turn, ratio
from bench.servers import BARE, BARE_SET_UP, KEYSTEAD, serving
from bench.turns import Turn, busy, cost_ratio, rates, watched

TO_BARE = Target(">=", 0.30)
LARGE_TO_SMALL = Target(">=", 0.9)


def measure(plan: Plan) -> Result:
    """Compare an empty ASGI function, and Keystead with few and with many sessions."""
    with ExitStack() as stack:
        contenders = [
            _contender(plan, stack, BARE, plan.sessions[0], "bare"),
            _contender(plan, stack, BARE_SET_UP, plan.sessions[0], "bare, process set up alike"),
            *(
                _contender(plan, stack, KEYSTEAD, sessions, f"{sessions:,} sessions")
                for sessions in plan.sessions
            ),
        ]
        turns = in_turn(contenders, plan.rounds)
    names = [contender.name for contender in contenders]
    return Result(
        "profile",
        f"GET /profile in {TOKENS:,} sessions in turn, {CONNECTIONS} connections",
        _figures(names, turns),
        [f"load by {'wrk' if plan.wrk else 'our own generator'}"],
    )


def _contender(
    plan: Plan, stack: ExitStack, command: tuple[str, ...], sessions: int, name: str
) -> Contender[Turn]:
    tokens = plan.seeded(sessions).access_tokens
    folder = plan.folder_of(sessions) if command is KEYSTEAD else plan.folder / name
    server = stack.enter_context(serving(command, folder, plan.cores))
    load = load_of(plan, server.port, folder, tokens)
    return Contender(name, partial(watched, server, load))


def load_of(plan: Plan, port: int, folder: Path, tokens: list[str]) -> Callable[[], Load]:
    """Return one turn of load: the profile of each token in turn."""
    if plan.wrk is None:
        sources = [Profiles(tokens[number::CONNECTIONS]) for number in range(CONNECTIONS)]
        return partial(drive, port, sources, plan.seconds)
    file = folder / "access-tokens"
    file.write_text("\n".join(tokens) + "\n")
    return partial(run_wrk, plan.wrk, port, "/profile", file, plan.seconds)


def _figures(names: list[str], turns: list[list[Turn]]) -> list[Figure]:
    named = list(zip(names, turns, strict=True))
    bare, bare_set_up, *keysteads = [rates(name, own) for name, own in named]
    figures = [bare, bare_set_up, *keysteads]
    for name, own in named:
        figures += busy(name, own)
    for each, (name, own) in zip(keysteads, named[2:], strict=True):
        figures.append(ratio(f"{name} / {bare.name}", each, bare, TO_BARE))
        figures += cost_ratio(f"{name} / {bare.name}", own, turns[0])
        figures.append(ratio(f"{name} / {bare_set_up.name}", each, bare_set_up))
    fewest = keysteads[0]
    for each, (name, own) in zip(keysteads[1:], named[3:], strict=True):
        figures.append(ratio(f"{name} / {fewest.name}", each, fewest, LARGE_TO_SMALL))
        figures += cost_ratio(f"{name} / {fewest.name}", own, turns[2])
    return figures
