"""
From the first connection to the database to the last: what runs beside the requests.

A database on a server may be away when this process starts. It serves all the same, says 503 to
what needs the database, and tries again: a process that gave up would be started over and over.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from keystead.assembly import key_reader, open_tools, secrets_path, seed, with_keys
from keystead.crypto.keyring import Keyring
from keystead.crypto.random import fraction
from keystead.crypto.secrets_file import SecretsFileUnusable, refuse_another
from keystead.domain.audit import AuditDamaged
from keystead.domain.errors import Fault, StoreDown, Unavailable
from keystead.domain.keys import KeyLine
from keystead.domain.transfer import CopyUnfinished
from keystead.flows.seal_audit import seal_if_mine
from keystead.flows.upkeep import purge_if_mine
from keystead.logs import log
from keystead.settings import Settings
from keystead.store import SchemaUnknown, is_embedded
from keystead.web.call import Context

if TYPE_CHECKING:
    from keystead.traces.tracing import Tracing

SEAL_SECONDS = 5
"""Between two looks at what the audit log has to seal: how long a deletion can go unnoticed."""

LAST_SEAL_SECONDS = 1.0
"""How long a process that stops waits for its last records to be sealed; another one can do it."""

UPKEEP_SECONDS = 60
"""Between two looks at what has expired; a look that finds nothing is one indexed query."""

KEYS_SECONDS = 2
"""Between two looks at the keys: less than half of what a new one waits before it makes anything."""

RETRY_SECONDS = (0.5, 5.0)
"""How long to wait before trying again to connect: at first, and at most; each time twice as long."""

MAY_PASS = (Fault, SchemaUnknown, CopyUnfinished, SecretsFileUnusable)
"""What somebody may mend while we wait: the server, its schema, a copy, the file of secrets."""


@asynccontextmanager
async def connected(
    settings: Settings, context: Context, tracing: "Tracing | None"
) -> AsyncIterator[None]:
    """
    Give *context* its tools as soon as the database answers, and keep the database in order.

    Raises: what `open_tools` does, if the database is a file of ours: nobody else will bring it back.
    """
    async with AsyncExitStack() as stack:

        async def connect() -> None:
            async with AsyncExitStack() as attempt:
                # Before the tools are made of them: what changes meanwhile is seen at the first look.
                read_keys = key_reader(settings)
                known = _known_keys(read_keys, context)
                tools = await attempt.enter_async_context(open_tools(settings, tracing))
                await seed(settings, tools, context.clock())
                bound_to = await tools.store.find_fingerprint()
                holder = tools.random.new_id(context.clock())
                context.connected, context.refusal = tools, None
                await attempt.enter_async_context(_sealing(context, holder))
                await attempt.enter_async_context(_beside(_upkeep(settings, context, holder)))
                follow = _follow_keys(settings, context, read_keys, known, bound_to)
                await attempt.enter_async_context(_beside(follow))
                stack.push_async_exit(attempt.pop_all())

        try:
            await connect()
        except MAY_PASS as error:
            if is_embedded(settings.database_url.get_secret_value()):
                raise
            _tell(context, error)
            await stack.enter_async_context(_beside(_keep_trying(context, connect)))
        yield
    context.connected = None


async def _keep_trying(context: Context, connect: Callable[[], Awaitable[None]]) -> None:
    wait, longest = RETRY_SECONDS
    while True:
        # Not on the beat: many processes that lost the same database should not come back as one.
        await asyncio.sleep(wait * (0.5 + fraction()))
        try:
            await connect()
        except MAY_PASS as error:
            _tell(context, error)
        except Exception as error:  # noqa: BLE001 - our bug, and no reason never to try again.
            log.error("store_not_connected", exc_info=error)
        else:
            log.info("store_connected")
            return
        wait = min(2 * wait, longest)


def _tell(context: Context, error: Exception) -> None:
    context.refusal = error
    reason = error.__cause__ if isinstance(error, StoreDown) else error
    log.error("store_not_connected", reason=str(reason or error))


@asynccontextmanager
async def _beside(job: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(job)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def _sealing(context: Context, holder: str) -> AsyncIterator[None]:
    async with _beside(_keep_sealing(context, holder)):
        yield
    with suppress(TimeoutError):
        async with asyncio.timeout(LAST_SEAL_SECONDS):
            await _seal(context, holder)


async def _keep_sealing(context: Context, holder: str) -> None:
    was_overdue = False
    while True:
        await asyncio.sleep(SEAL_SECONDS)
        is_overdue = await _seal(context, holder)
        # Once may be what nobody was there to seal, which another process is just about to.
        if is_overdue and was_overdue:
            log.critical("audit_damaged", reason="records that nobody seals")
        was_overdue = is_overdue


async def _seal(context: Context, holder: str) -> bool:
    try:
        sealed = await seal_if_mine(context.tools, holder, context.clock())
    except Unavailable as error:
        log.warning("upkeep_failed", reason=repr(error.__cause__ or error))
    except AuditDamaged as damage:
        log.critical("audit_damaged", reason=str(damage))
    except Exception as error:  # noqa: BLE001 - our bug, and no reason never to seal again.
        log.error("upkeep_failed", exc_info=error)
    else:
        if sealed.forged:
            log.critical("audit_damaged", reason="records that were not written by this service")
        return sealed.overdue > 0
    return False


async def _upkeep(settings: Settings, context: Context, holder: str) -> None:
    # Counting reads the whole index: not done where nobody asks for metrics.
    counts_sessions = settings.metrics_port is not None
    while True:
        try:
            now = context.clock()
            purged = await purge_if_mine(context.tools, holder, now)
            is_mine = purged is not None
            if counts_sessions:
                context.live_sessions = (
                    await context.tools.store.count_sessions(now) if is_mine else None
                )
        except Unavailable as error:
            log.warning("upkeep_failed", reason=repr(error.__cause__ or error))
        except Exception as error:  # noqa: BLE001 - our bug, and no reason never to purge again.
            log.error("upkeep_failed", exc_info=error)
        else:
            if purged:
                log.info("sessions_purged", count=purged)
        await asyncio.sleep(UPKEEP_SECONDS)


def _known_keys(read: Callable[[], Keyring], context: Context) -> list[KeyLine] | None:
    """Return what the keys are now; None if there are none yet."""
    try:
        return read().all_lines(context.clock())
    except SecretsFileUnusable:
        return None


async def _follow_keys(
    settings: Settings,
    context: Context,
    read: Callable[[], Keyring],
    known: list[KeyLine] | None,
    bound_to: str | None,
) -> None:
    while True:
        try:
            keyring, now = read(), context.clock()
            refuse_another(keyring, bound_to, str(secrets_path(settings)))
            in_use = keyring.all_lines(now)
            if in_use != known:
                context.connected = await asyncio.to_thread(
                    with_keys, settings, context.tools, keyring, now
                )
                if known is not None:
                    log.info("keys_changed")
                known = in_use
            context.refusal = None
        except SecretsFileUnusable as error:
            # What is known goes on: nobody is signed out because a file is being replaced.
            if context.refusal is None:
                log.error("keys_unreadable", reason=str(error))
            context.refusal = error
        except Exception as error:  # noqa: BLE001 - our bug, and no reason never to look again.
            log.error("upkeep_failed", exc_info=error)
        await asyncio.sleep(KEYS_SECONDS)
