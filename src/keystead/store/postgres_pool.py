"""
A few connections for many callers: who waits, for how long, and which connection is used again.

The driver has a pool too. Its callers wait without a limit on their number, and each release costs a
task of its own and a query that resets the session: together as much as the query before it.
"""

import asyncio
from collections import deque
from contextlib import suppress

import asyncpg

from keystead.store.postgres_connection import Connector, Link
from keystead.store.postgres_errors import Busy, leaves_connection_whole

WAIT_SECONDS = 2.0
"""For a connection to become free."""

MAX_WAITING = 1000
"""Callers; what comes on top is refused at once. In 2 s some thousands are served."""

CLOSE_SECONDS = 1.0
"""To say goodbye to the server."""


class Pool:
    """Connections, each with one caller at a time."""

    def __init__(self, connector: Connector, size: int) -> None:
        self.connector = connector
        self._size = size
        self._made = 0  # Connected, being connected, or promised to somebody who waits.
        self._idle: list[Link] = []
        self._waiting: deque[asyncio.Future[Link | None]] = deque()
        self._is_closed = False

    def take_prepared(self, query: str) -> Link | None:
        """Return a connection on which *query* is prepared, if one is at hand."""
        if self._idle and self._idle[-1].has_prepared(query) and self._is_usable(self._idle[-1]):
            return self._idle.pop()
        return None

    async def take(self) -> Link:
        """
        Return a connection that nobody else has: one at hand, a new one, or one that becomes free.

        Raises: Busy, and what connecting raises.
        """
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
            return await self.connector.connect()
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
            self.give_back(link)

    def put_away(self, link: Link, error: BaseException) -> None:
        """
        Take a connection back after *error*.

        Somebody who no longer listens, or listened for too long, may have an answer coming on it.
        Nobody else must get that: it is closed unless the server has answered in full.
        """
        if leaves_connection_whole(error) and link.is_clean:
            self.give_back(link)
        else:
            self._discard(link)

    def give_back(self, link: Link) -> None:
        """Take a connection back, for whoever has waited longest."""
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

    @property
    def busy(self) -> int:
        """How many connections somebody has, or is being given."""
        return self._made - len(self._idle)

    @property
    def waiting(self) -> int:
        """How many callers wait for one."""
        return len(self._waiting)

    def _is_usable(self, link: Link) -> bool:
        return not link.is_closed and link.generation == self.connector.generation

    async def close(self) -> None:
        """Disconnect; what is given back later is closed too."""
        self._is_closed = True
        links, self._idle = self._idle, []
        await asyncio.gather(*(_say_goodbye(link) for link in links))


async def _say_goodbye(link: Link) -> None:
    with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await link.connection.close(timeout=CLOSE_SECONDS)  # Or, if that fails, it has ended it.
