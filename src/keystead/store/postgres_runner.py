"""
How a piece of work reaches the server: within its time, again where that is safe, and counted.

The port promises an answer, or `StoreDown`, within five seconds, whatever the server does.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

from keystead.domain.errors import StoreDown
from keystead.domain.load import Histogram, Load
from keystead.store.postgres_connection import Connector, Link
from keystead.store.postgres_errors import (
    NOT_OURS,
    READ_ONLY,
    TRY_AGAIN,
    code_of,
    is_down,
    is_lost,
    is_stale,
    reason_of,
)
from keystead.store.postgres_pool import Pool
from keystead.store.rows import Row
from keystead.store.sql_store import Parameters

ANSWER_SECONDS = 4.5
"""For everything that one caller asked for: connecting, waiting, every attempt. The port says 5 s."""

ATTEMPTS = 4
"""The first, and three more after a deadlock or the like."""

T = TypeVar("T")


class Runner:
    """Runs pieces of work, each on a connection that nobody else uses meanwhile."""

    def __init__(self, connector: Connector, size: int) -> None:
        self._pool = Pool(connector, size)
        self._size = size
        self._durations = Histogram()
        self._under_way = 0
        self._quiet = asyncio.Event()
        self._is_closing = False

    async def run(self, work: Callable[[Link], Awaitable[T]]) -> T:
        """
        Run *work*, again if the server asks for it, and return what it returned.

        Raises: StoreDown: no answer in time, or none that is of use; what *work* raises itself.
        """
        with self._counted():
            return await self._run_within(ANSWER_SECONDS, work, is_read=False)

    async def fetch(
        self, query: str, parameters: Parameters = (), *, is_read: bool = False
    ) -> list[Row]:
        """
        Run one statement. Returns: its rows.

        Args:   is_read: running it twice is as good as once.
        Raises: StoreDown: as `run`.
        """
        with self._counted():
            link, seconds = self._pool.take_prepared(query), ANSWER_SECONDS
            if link is not None:
                # Most requests go this way: half the processor time of the other, which can do more.
                begun = time.monotonic()
                try:
                    rows = await link.fetch_prepared(query, parameters, seconds)
                except BaseException as error:
                    self._pool.put_away(link, error)
                    if not self._may_try_again(error, is_read=is_read):
                        raise
                else:
                    self._pool.give_back(link)
                    return rows
                seconds -= time.monotonic() - begun
            return await self._run_within(
                seconds, lambda link: link.fetch(query, parameters), is_read=is_read
            )

    def load(self) -> Load:
        """See `Store.load`."""
        return Load(self._durations, self._pool.busy, self._pool.waiting, self._size)

    async def close(self) -> None:
        """Wait for what is under way, for no longer than that may take, and disconnect."""
        self._is_closing = True
        if self._under_way:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._quiet.wait(), ANSWER_SECONDS)
        await self._pool.close()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._enter()
        began = time.perf_counter()
        try:
            yield
        except Exception as error:
            if isinstance(error, TimeoutError):
                # Not even the server's own limit was said: what was connected may be as dead.
                self._pool.connector.expire()
            if is_down(error):
                raise StoreDown from reason_of(error)
            raise
        finally:
            self._durations.add(time.perf_counter() - began)
            self._leave()

    def _enter(self) -> None:
        if self._is_closing:
            raise StoreDown
        self._under_way += 1

    def _leave(self) -> None:
        self._under_way -= 1
        if self._is_closing and not self._under_way:
            self._quiet.set()

    async def _run_within(
        self, seconds: float, work: Callable[[Link], Awaitable[T]], *, is_read: bool
    ) -> T:
        async with asyncio.timeout(seconds):
            return await self._attempt(work, is_read=is_read)

    async def _attempt(self, work: Callable[[Link], Awaitable[T]], *, is_read: bool) -> T:
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._run_once(work)
            except Exception as error:
                if not self._may_try_again(error, is_read=is_read):
                    raise
                is_read = is_read and not is_lost(error)
        return await self._run_once(work)

    async def _run_once(self, work: Callable[[Link], Awaitable[T]]) -> T:
        link = await self._pool.take()
        try:
            result = await work(link)
        except BaseException as error:
            self._pool.put_away(link, error)
            raise
        self._pool.give_back(link)
        return result

    def _may_try_again(self, error: BaseException, *, is_read: bool) -> bool:
        code = code_of(error)
        if code in TRY_AGAIN:
            return True
        if is_stale(error):
            self._pool.connector.expire()
            return True
        if code in NOT_OURS:  # Nothing was run: a statement that is not there cannot do anything.
            self._pool.connector.do_without_names()
            return True
        if code == READ_ONLY or is_lost(error):
            # A server that was replaced took the other connections with it, or will.
            self._pool.connector.expire()
            return is_read and is_lost(error)
        return False
