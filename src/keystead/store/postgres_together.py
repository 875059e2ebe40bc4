"""
Sessions that several requests look for at the same time, found in one statement.

All who ask in one turn of the event loop share a statement. It begins after every one of them asked,
so each finds what holds now, as if they had asked alone. Nobody waits for a statement that is under
way already: where one connection hangs, only those whose statement is on it do.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial

from keystead.domain.errors import StoreDown
from keystead.domain.session import SessionId
from keystead.store.rows import Row

Read = Callable[[list[SessionId]], Coroutine[None, None, Sequence[Row]]]
Asked = list[tuple[SessionId, "asyncio.Future[Row | None]"]]


class Together:
    """Gathers keyed reads; the id is the first column of each row."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._asked: Asked = []
        self._under_way: set[asyncio.Task[Sequence[Row]]] = set()

    async def find(self, session_id: SessionId) -> Row | None:
        """
        Return the row, or None if there is none.

        Raises: what reading raises. Who goes away meanwhile takes nothing from the others.
        """
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._begin)
        answer: asyncio.Future[Row | None] = loop.create_future()
        self._asked.append((session_id, answer))
        return await answer

    def _begin(self) -> None:
        asked, self._asked = self._asked, []
        reading = asyncio.create_task(self._read([session_id for session_id, _ in asked]))  # noqa: RUF006 - kept, until it ends.
        self._under_way.add(reading)
        reading.add_done_callback(partial(self._end, asked))

    def _end(self, asked: Asked, reading: asyncio.Task[Sequence[Row]]) -> None:
        self._under_way.discard(reading)
        waiting = [(session_id, answer) for session_id, answer in asked if not answer.done()]
        error = asyncio.CancelledError() if reading.cancelled() else reading.exception()
        if error is not None:
            for _, answer in waiting:
                answer.set_exception(_again(error))
            return
        found = {row[0]: row for row in reading.result()}
        for session_id, answer in waiting:
            answer.set_result(found.get(session_id))


def _again(error: BaseException) -> BaseException:
    """Return the error for one of several who raise it; `StoreDown`, which is no bug, as their own."""
    if not isinstance(error, StoreDown):
        return error
    own = StoreDown()
    own.__cause__ = error.__cause__
    return own
