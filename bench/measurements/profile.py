"""GET /profile, the request that is made most: a signature, a session from the database, JSON."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench.load.http import CONNECTIONS, Load
from bench.load.raw import drive
from bench.load.sources import bearers, sessions_of
from bench.load.wrk import run_wrk
from bench.plan import TOKENS, Plan
from bench.rounds import LARGE_TO_SMALL, Contender, Figure, Result, Target, in_turn, ratio
from bench.servers import BARE, BARE_SET_UP, KEYSTEAD, serving
from bench.turns import Turn, busy, cost_ratio, rates, watched

TO_BARE = Target(">=", 0.33)


def measure(plan: Plan) -> Result:
    """Compare an empty ASGI function, and Keystead with few and with many sessions."""
    return compare(plan, "profile", "/profile", TO_BARE)


def compare(plan: Plan, name: str, path: str, to_bare: Target) -> Result:
    """Do so for whatever is read at *path* with a bearer token."""
    with ExitStack() as stack:
        bares = {"bare": BARE, "bare, process set up alike": BARE_SET_UP}
        contenders = [
            *(
                _contender(plan, stack, command, plan.sessions[0], each, path)
                for each, command in bares.items()
            ),
            *(
                _contender(plan, stack, KEYSTEAD, sessions, f"{sessions:,} sessions", path)
                for sessions in plan.sessions
            ),
        ]
        turns = in_turn(contenders, plan.rounds)
    names = [contender.name for contender in contenders]
    return Result(
        name,
        f"GET {path} in {TOKENS:,} sessions in turn, {CONNECTIONS} connections",
        _figures(names, turns, to_bare),
        [f"load by {'wrk' if plan.wrk else 'our own generator'}"],
    )


def _contender(  # noqa: PLR0913, PLR0917 - one line of the list above.
    plan: Plan, stack: ExitStack, command: tuple[str, ...], sessions: int, name: str, path: str
) -> Contender[Turn]:
    headers = bearers(plan.seeded(sessions).access_tokens)
    folder = plan.folder_of(sessions) if command is KEYSTEAD else plan.folder / name
    server = stack.enter_context(serving(command, folder, plan.cores))
    load = load_of(plan, server.port, folder, headers, path)
    return Contender(name, partial(watched, server, load))


def load_of(
    plan: Plan, port: int, folder: Path, headers: list[str], path: str = "/profile"
) -> Callable[[], Load]:
    """Return one turn of load: GETs of *path* with each of *headers* (`name: value`) in turn."""
    if plan.wrk is None:
        return partial(drive, port, sessions_of(path, headers), plan.seconds)
    file = folder / f"headers-{port}"
    file.write_text("".join(f"{header}\n" for header in headers))
    return partial(run_wrk, plan.wrk, port, path, file, plan.seconds)


def _figures(names: list[str], turns: list[list[Turn]], to_bare: Target) -> list[Figure]:
    named = list(zip(names, turns, strict=True))
    bare, bare_set_up, *keysteads = [rates(name, own) for name, own in named]
    figures = [bare, bare_set_up, *keysteads]
    for name, own in named:
        figures += busy(name, own)
    for each, (name, own) in zip(keysteads, named[2:], strict=True):
        figures.append(ratio(f"{name} / {bare.name}", each, bare, to_bare))
        figures += cost_ratio(f"{name} / {bare.name}", own, turns[0])
        figures.append(ratio(f"{name} / {bare_set_up.name}", each, bare_set_up))
    fewest = keysteads[0]
    for each, (name, own) in zip(keysteads[1:], named[3:], strict=True):
        figures.append(ratio(f"{name} / {fewest.name}", each, fewest, LARGE_TO_SMALL))
        figures += cost_ratio(f"{name} / {fewest.name}", own, turns[2])
    return figures
