"""
A few connections for many callers: who waits, for how long, and which connection is used again.

The driver has a pool too. Its callers wait without a limit on their number, and each release costs a
task of its own and a query that resets the session: together as much as the query before it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import asyncpg

from keystead.domain.errors import StoreDown
from keystead.store.postgres_connection import Connector, Link
from keystead.store.postgres_errors import (
    NOT_OURS,
    READ_ONLY,
    TRY_AGAIN,
    Busy,
    code_of,
    is_down,
    is_lost,
    is_stale,
    leaves_connection_whole,
    reason_of,
)

ANSWER_SECONDS = 4.5
"""For everything that one caller asked for: connecting, waiting, every attempt. The port says 5 s."""

WAIT_SECONDS = 2.0
"""For a connection to become free."""

MAX_WAITING = 1000
"""Callers; what comes on top is refused at once. In 2 s some thousands are served."""

ATTEMPTS = 4
"""The first, and three more after a deadlock or the like."""

CLOSE_SECONDS = 1.0
"""To say goodbye to the server."""

T = TypeVar("T")


class Pool:
    """Runs pieces of work, each on a connection that nobody else uses meanwhile."""

    def __init__(self, connector: Connector, size: int) -> None:
        self._connector = connector
        self._size = size
        self._made = 0  # Connected, being connected, or promised to somebody who waits.
        self._idle: list[Link] = []
        self._waiting: deque[asyncio.Future[Link | None]] = deque()
        self._under_way = 0
        self._quiet = asyncio.Event()
        self._is_closing = False
        self._is_closed = False

    async def run(self, work: Callable[[Link], Awaitable[T]], *, is_read: bool = False) -> T:
        """
        Run *work*, again if the server asks for it, and return what it returned.

        Args:   is_read: running it twice is as good as once.
        Raises: StoreDown: no answer in time, or none that is of use; what *work* raises itself.
        """
        self._enter()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._attempt(work, is_read=is_read)
        except Exception as error:
            if is_down(error):
                raise StoreDown from reason_of(error)
            raise
        finally:
            self._leave()

    async def close(self) -> None:
        """Wait for what is under way, for no longer than that may take, and disconnect."""
        self._is_closing = True
        if self._under_way:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._quiet.wait(), ANSWER_SECONDS)
        self._is_closed = True
        links, self._idle = self._idle, []
        await asyncio.gather(*(_say_goodbye(link) for link in links))

    def _enter(self) -> None:
        if self._is_closing:
            raise StoreDown
        self._under_way += 1

    def _leave(self) -> None:
        self._under_way -= 1
        if self._is_closing and not self._under_way:
            self._quiet.set()

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
        link = await self._take()
        try:
            result = await work(link)
        except BaseException as error:
            # Somebody who no longer listens, or listened for too long, may have an answer coming on
            # this connection. Nobody else must get it.
            if leaves_connection_whole(error) and link.is_clean:
                self._give_back(link)
            else:
                self._discard(link)
            raise
        self._give_back(link)
        return result

    def _may_try_again(self, error: Exception, *, is_read: bool) -> bool:
        code = code_of(error)
        if code in TRY_AGAIN:
            return True
        if is_stale(error):
            self._connector.expire()
            return True
        if code in NOT_OURS:  # Nothing was run: a statement that is not there cannot do anything.
            self._connector.do_without_names()
            return True
        if code == READ_ONLY or is_lost(error):
            # A server that was replaced took the other connections with it, or will.
            self._connector.expire()
            return is_read and is_lost(error)
        return False

    # Connections

    async def _take(self) -> Link:
        while self._idle:
            link = self._idle.pop()
            if self._is_usable(link):
                return link
            self._discard(link)
        if self._made < self._size:
            self._made += 1
            return await self._connect()
        return await self._wait()

    async def _connect(self) -> Link:
        try:
            return await self._connector.connect()
        except BaseException:
            self._give_up_place()
            raise

    async def _wait(self) -> Link:
        if len(self._waiting) >= MAX_WAITING:
            raise Busy(f"{MAX_WAITING} wait for a connection already")
        turn: asyncio.Future[Link | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                link = await turn
        except BaseException as error:
            self._leave_queue(turn)
            if isinstance(error, TimeoutError):
                raise Busy(f"no connection became free within {WAIT_SECONDS:g} s") from None
            raise
        return await self._connect() if link is None else link

    def _leave_queue(self, turn: "asyncio.Future[Link | None]") -> None:
        if not turn.done() or turn.cancelled():
            with suppress(ValueError):
                self._waiting.remove(turn)
            return
        # It was this caller's turn in the very moment they went away.
        link = turn.result()
        if link is None:
            self._give_up_place()
        else:
            self._give_back(link)

    def _give_back(self, link: Link) -> None:
        if self._is_closed or not self._is_usable(link):
            self._discard(link)
            return
        turn = self._next_in_queue()
        if turn is None:
            self._idle.append(link)
        else:
            turn.set_result(link)

    def _discard(self, link: Link) -> None:
        link.terminate()
        self._give_up_place()

    def _give_up_place(self) -> None:
        turn = self._next_in_queue()
        if turn is None:
            self._made -= 1
        else:
            turn.set_result(None)  # Whoever waited connects in the place that became free.

    def _next_in_queue(self) -> "asyncio.Future[Link | None] | None":
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                return turn
        return None

    def _is_usable(self, link: Link) -> bool:
        return not link.is_closed and link.generation == self._connector.generation


async def _say_goodbye(link: Link) -> None:
    with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await link.connection.close(timeout=CLOSE_SECONDS)  # Or, if that fails, it has ended it.
