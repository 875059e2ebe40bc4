"""What operators can ask a process that serves: its numbers, and how each of its parts is."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from time import perf_counter

from keystead.crypto.secrets_file import SecretsFileUnusable
from keystead.domain.errors import StoreDown
from keystead.domain.load import Histogram, Load
from keystead.domain.readiness import ABSENT, OK, Readiness
from keystead.domain.transfer import CopyUnfinished
from keystead.logs import line_counts, log
from keystead.metrics.numbers import Answer, Sources
from keystead.metrics.server import NoPortFree, OperatorsServer
from keystead.places.lookup import Places
from keystead.settings import Settings
from keystead.store import SchemaUnknown
from keystead.web.call import Context

LAG_SECONDS = 0.25
"""Between two looks at how late the event loop is."""

READINESS_SECONDS = 6.0
"""The store answers, or says that it does not, within five."""


@asynccontextmanager
async def answering_operators(
    settings: Settings, context: Context, answers: Callable[[], Mapping[Answer, Histogram]]
) -> AsyncIterator[None]:
    """Answer on a port of this process's own. If none is free, say so in the log and serve all the same."""
    lag, loop = Histogram(), asyncio.get_running_loop()
    sources = _sources(settings, context, answers, lag)

    def readiness() -> Readiness:
        asked = asyncio.run_coroutine_threadsafe(find_readiness(settings, context), loop)
        try:
            return asked.result(READINESS_SECONDS)
        except TimeoutError:
            return Readiness({"event_loop": "no answer"}, frozenset({"event_loop"}))

    try:
        server = OperatorsServer(settings.metrics_host, settings.metrics_ports, sources, readiness)
    except NoPortFree:
        log.error("metrics_not_served", reason="every port is taken")
        yield
        return
    watching = asyncio.create_task(_watch_loop(lag))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.to_thread(server.close)


async def find_readiness(settings: Settings, context: Context) -> Readiness:
    """Look at each part."""
    refusal = context.refusal
    parts = {"store": OK, "migrations": OK, "keys": OK}
    match refusal:
        case None:
            pass
        case SecretsFileUnusable():
            parts["keys"] = str(refusal)
        case SchemaUnknown() | CopyUnfinished():
            parts["migrations"] = str(refusal)
        case _:
            parts["store"] = str(refusal.__cause__ or refusal)
    try:
        tools = context.tools
        await tools.store.check()
    except StoreDown as down:
        if refusal is None:
            parts["store"] = str(down.__cause__ or down)
        needed = {"store", "migrations", "keys"}
    else:
        # Without its file the service goes on with the keys that it knows.
        needed = {"store", "migrations"}
        if settings.redis_url is not None:
            parts["redis"] = "unavailable" if tools.is_degraded() else OK
    parts["geo"] = await asyncio.to_thread(_geo, settings.geo_db_file_path)
    return Readiness(parts, frozenset(needed))


def _sources(
    settings: Settings,
    context: Context,
    answers: Callable[[], Mapping[Answer, Histogram]],
    lag: Histogram,
) -> Sources:
    def store() -> Load | None:
        return context.connected.store.load() if context.connected else None

    def hashing() -> Load | None:
        return context.connected.passwords.load() if context.connected else None

    return Sources(
        version=context.version,
        answers=answers,
        events=line_counts,
        loop_lag=lag,
        store=store,
        hashing=hashing,
        sessions=lambda: context.live_sessions,
        geo_built_at=partial(_geo_built_at, settings.geo_db_file_path),
    )


async def _watch_loop(lag: Histogram) -> None:
    while True:
        due = perf_counter() + LAG_SECONDS
        await asyncio.sleep(LAG_SECONDS)
        lag.add(max(0.0, perf_counter() - due))


def _geo(path: Path) -> str:
    if not path.exists():
        return ABSENT
    return OK if _geo_built_at(path) else "unusable"


def _geo_built_at(path: Path) -> datetime | None:
    # Opened for the question: what looks places up belongs to the event loop.
    places = Places(path, warn=lambda _: None)
    found = places.describe()
    places.close()
    return found.built_at if found else None
