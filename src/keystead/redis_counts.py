"""
Counters of client addresses in Redis or Valkey, for whoever has one; never those of accounts.

What is in it may be lost at any time. While it does not answer, each server process counts by itself,
up to its share of the limit: neither does everybody get in, nor nobody.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from limits.aio.storage import RedisStorage
from limits.aio.storage.redis.redispy import RedispyBridge
from redis.asyncio import Redis
from redis.exceptions import RedisError

from keystead.domain.ports import AttemptCounts
from keystead.domain.throttle import Limit, Tally, Wanted, in_order

ANSWER_SECONDS = 0.25
"""How long a request waits for an answer: some hundred times what one takes nearby."""

PAUSE_SECONDS = 10.0
"""After no answer, nobody asks again for so long; then one request does, and the others do not wait."""

MAX_COUNTERS = 50_000
"""Counters that a process keeps meanwhile, about 15 MiB; the oldest makes room."""

ROUNDED = timedelta(seconds=1)
"""Redis says how long a counter will live in whole seconds, rounded either way."""


class ProcessCounts:
    """Counters of one process, in memory."""

    def __init__(self) -> None:
        self._counters: dict[str, tuple[int, datetime]] = {}

    async def count_attempt(self, key: str, limit: Limit, now: datetime) -> Tally:
        """See `Store.count_attempt`, for a window."""
        made, ends_at = self._counters.get(key, (0, now))
        if ends_at <= now:
            self._counters.pop(key, None)
            made, ends_at = 0, now + limit.memory
        if made >= limit.stop:
            return Tally(limit, made, ends_at, is_counted=False)
        self._counters[key] = (made + 1, ends_at)
        if len(self._counters) > MAX_COUNTERS:
            del self._counters[next(iter(self._counters))]
        return Tally(limit, made + 1, ends_at, is_counted=True)

    async def take_attempt_back(self, key: str, now: datetime) -> None:
        """See `Store.take_attempt_back`."""
        made, ends_at = self._counters.get(key, (0, now))
        if made:
            self._counters[key] = (made - 1, ends_at)


class RedisCounts:
    """
    Windows in Redis, which all server processes share, beside the store; `domain.ports.AttemptCounts`.

    Args:
        store: counts what must not be lost: attempts that make the next one wait.
        workers: over how many processes a limit is spread while Redis is away.
        tell: is called once when that begins, with the reason, and once when it is over, with None.

    """

    def __init__(
        self,
        store: AttemptCounts,
        url: str,
        workers: int,
        clock: Callable[[], datetime],
        tell: Callable[[str | None], None],
    ) -> None:
        self._storage = RedisStorage(
            url, implementation="redispy", key_prefix="keystead", socket_timeout=ANSWER_SECONDS
        )
        self._store = store
        self._workers = workers
        self._clock = clock
        self._tell = tell
        self._alone = ProcessCounts()
        self._ask_again_at: float | None = None

    def is_degraded(self) -> bool:
        """Say whether each process counts by itself at the moment."""
        return self._ask_again_at is not None

    async def close(self) -> None:
        """Disconnect."""
        await cast("Redis", cast("RedispyBridge", self._storage.bridge).storage).aclose()

    async def count_attempts(self, wanted: Wanted, now: datetime) -> list[Tally]:
        """See `Store.count_attempts`; of a window, refused attempts count as well."""
        return await in_order(lambda key, limit: self._count(key, limit, now), wanted)

    async def _count(self, key: str, limit: Limit, now: datetime) -> Tally:
        if not limit.is_window:
            return (await self._store.count_attempts([(key, limit)], now))[0]
        if self._may_ask():
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    made = await self._storage.incr(key, int(limit.memory.total_seconds()))
                    # Known from the start of a window, and needed only once it is used up.
                    open_at = now if made < limit.stop else await self._end_of(key, now)
            except (RedisError, OSError, TimeoutError) as error:
                self._trip(error)
            else:
                self._recover()
                return Tally(limit, made, open_at, is_counted=made <= limit.stop)
        share = max(1, limit.stop // self._workers)
        return await self._alone.count_attempt(key, replace(limit, free=share, stop=share), now)

    async def take_attempt_back(self, key: str, now: datetime) -> None:
        """See `Store.take_attempt_back`; to whoever counted last."""
        if self.is_degraded():
            await self._alone.take_attempt_back(key, now)
            return
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._storage.incr(key, 1, amount=-1)
        except (RedisError, OSError, TimeoutError) as error:
            self._trip(error)

    async def _end_of(self, key: str, now: datetime) -> datetime:
        left = await self._storage.get_expiry(key) - self._clock().timestamp()
        return now + timedelta(seconds=max(0.0, left)) + ROUNDED

    def _may_ask(self) -> bool:
        if self._ask_again_at is None:
            return True
        now = asyncio.get_running_loop().time()
        if now < self._ask_again_at:
            return False
        self._ask_again_at = now + PAUSE_SECONDS  # The others go on without, whatever comes of it.
        return True

    def _trip(self, error: Exception) -> None:
        if self._ask_again_at is None:
            self._tell(str(error) or f"no answer within {ANSWER_SECONDS:g} s")
        self._ask_again_at = asyncio.get_running_loop().time() + PAUSE_SECONDS

    def _recover(self) -> None:
        if self._ask_again_at is not None:
            self._ask_again_at = None
            self._tell(None)
