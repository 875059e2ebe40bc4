"""GET /profile on PostgreSQL: beside SQLite, with many sessions, and with two server processes."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from bench.load.http import CONNECTIONS
from bench.load.sources import bearers
from bench.machine import Cores
from bench.measurements.profile import load_of
from bench.plan import TOKENS, Plan
from bench.processes import BenchFailed
from bench.rounds import LARGE_TO_SMALL, Contender, Figure, Result, Target, in_turn, ratio
from bench.servers import KEYSTEAD, Seeded, seed, serving
from bench.turns import Turn, busy, cost_ratio, rates, watched
from tests.databases import NoServer
from tests.databases.postgres_server import OPTIONS, Cluster, cluster

TO_SQLITE = Target(">=", 0.45)
TWO_TO_ONE = Target(">=", 1.6)
TWO_TO_ONE_SHARING = Target(">=", 0.8)
"""Of two processes that have only the core of the one: on a core each they would do twice as much."""

SETTINGS = {name: value for name, value in OPTIONS.items() if name != "shared_buffers"} | {
    "shared_buffers": "512MB"
}

NOTE = "PostgreSQL shares its cores with the load; fsync is off, which a profile does not notice"
SHARING = (
    "too few cores for two server processes: they share one; with one each they can do twice that"
)


def measure(plan: Plan) -> Result:
    """Compare SQLite, PostgreSQL with few and with many sessions, and two server processes."""
    small = plan.sessions[0]
    with ExitStack() as stack:
        server = stack.enter_context(postgres_server())
        contenders = [_on_sqlite(plan, stack, small)]
        contenders += [_on_postgres(plan, stack, server, each, 1) for each in plan.sessions]
        contenders.append(_on_postgres(plan, stack, server, small, 2))
        turns = in_turn(contenders, plan.rounds)
    notes = [] if plan.cores.are_enough_for_two else [SHARING]
    return Result(
        "postgres",
        f"GET /profile in {TOKENS:,} sessions in turn, {CONNECTIONS} connections",
        _figures([contender.name for contender in contenders], turns, plan.cores),
        [NOTE, *notes, f"load by {'wrk' if plan.wrk else 'our own generator'}"],
    )


@contextmanager
def postgres_server(**settings: str) -> Iterator[Cluster]:
    """
    Start a PostgreSQL server of our own, with *settings* besides.

    Raises: BenchFailed: there is none on this machine.
    """
    try:
        with cluster(SETTINGS | settings) as server:
            yield server
    except NoServer as missing:
        raise BenchFailed(str(missing)) from missing


def _on_sqlite(plan: Plan, stack: ExitStack, sessions: int) -> Contender[Turn]:
    tokens = plan.seeded(sessions).access_tokens
    folder = plan.folder_of(sessions)
    server = stack.enter_context(serving(KEYSTEAD, folder, plan.cores))
    load = load_of(plan, server.port, folder, bearers(tokens))
    return Contender(f"SQLite, {sessions:,} sessions", partial(watched, server, load))


def _on_postgres(
    plan: Plan, stack: ExitStack, server: Cluster, sessions: int, workers: int
) -> Contender[Turn]:
    url, tokens = _seeded(plan, server, sessions)
    folder = plan.folder / f"postgres-{sessions}"
    command = (*KEYSTEAD, "--workers", str(workers))
    cores = plan.cores.of_two_servers() if workers > 1 else plan.cores
    running = stack.enter_context(serving(command, folder, cores, url))
    load = load_of(plan, running.port, folder, bearers(tokens))
    name = f"PostgreSQL, {sessions:,} sessions" + (f", {workers} workers" if workers > 1 else "")
    return Contender(name, partial(watched, running, load))


_done: dict[int, Seeded] = {}


def _seeded(plan: Plan, server: Cluster, sessions: int) -> tuple[str, list[str]]:
    url = server.url(f"sessions_{sessions}")
    if sessions not in _done:
        print(f"filling a PostgreSQL database with {sessions:,} sessions ...", flush=True)
        server.make_database(f"sessions_{sessions}")
        _done[sessions] = seed(plan.folder / f"postgres-{sessions}", sessions, TOKENS, url)
    return url, _done[sessions].access_tokens


def _figures(names: list[str], turns: list[list[Turn]], cores: Cores) -> list[Figure]:
    figures = [rates(name, own) for name, own in zip(names, turns, strict=True)]
    sqlite, small, *large, two = figures
    found = [*figures]
    for name, own in zip(names, turns, strict=True):
        found += busy(name, own)
    found.append(ratio(f"{small.name} / {sqlite.name}", small, sqlite, TO_SQLITE))
    found += cost_ratio(f"{small.name} / {sqlite.name}", turns[1], turns[0])
    for each, own in zip(large, turns[2:-1], strict=True):
        found.append(ratio(f"{each.name} / {small.name}", each, small, LARGE_TO_SMALL))
        found += cost_ratio(f"{each.name} / {small.name}", own, turns[1])
    name = "two workers / one" if cores.are_enough_for_two else "two workers on one core / one"
    target = TWO_TO_ONE if cores.are_enough_for_two else TWO_TO_ONE_SHARING
    found.append(ratio(name, two, small, target))
    found += cost_ratio(name, turns[-1], turns[1])
    return found
