"""
How a piece of work reaches MongoDB, and comes back within five seconds.

Each runs in a task of its own: a client that goes away does not cut a write in two, and closing can
wait for what is under way. What is not answered in time is `StoreDown`; whatever remains of it, such
as taking back its transaction, ends beside the caller and is bounded as well.
"""

import asyncio
import time
import warnings
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, ReadPreference, WriteConcern
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern

from keystead.domain.errors import StoreDown
from keystead.domain.load import Histogram, Load
from keystead.store.mongo_documents import Document
from keystead.store.mongo_errors import TRANSIENT, UNKNOWN_COMMIT, is_our_bug
from keystead.store.mongo_url import client_options, database_name, unreadable

ANSWER_SECONDS = 5.0
"""How long a caller waits at the most; part of the promise of `Store`."""

SOCKET_SECONDS = 4.0
"""How long one answer of the server may take: less, so that the pool sees it fail."""

CLOSE_SECONDS = 2.0
"""How long saying good-bye to a server may take, once nothing is under way any more."""

WAITING_PER_CONNECTION = 100
"""More than that are refused at once: they would not be answered in time."""

PAUSE_SECONDS = (0.01, 0.2)
"""
Before a transaction that lost is tried again: at first, and at most; each time twice as long.

About what the winner takes, nearby and far away: asking sooner only slows it down.
"""

DURABLE = WriteConcern("majority", j=True)
SETTLED = ReadConcern("majority")
SNAPSHOT = ReadConcern("snapshot")

T = TypeVar("T")
Database = AsyncDatabase[Document]
Collection = AsyncCollection[Document]
Transaction = AsyncClientSession
Work = Callable[[Database], Awaitable[T]]
Steps = Callable[[Database, Transaction], Awaitable[T]]


class Connection:
    """A client with its pool, from `open` to `close`."""

    def __init__(self, url: str, pool: int) -> None:
        self._url = url
        self._pool = pool
        self._answer_seconds = ANSWER_SECONDS
        self._db: Database | None = None
        self._running: set[asyncio.Task[Any]] = set()
        self._durations = Histogram()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def open(self, socket_seconds: float = SOCKET_SECONDS) -> None:
        """
        Make the client; it connects by itself, and does so again after an outage.

        Raises: UnknownDatabase: the driver cannot read the URL.
        """
        try:
            # Of an option that it does not understand, such as tls=True, the driver only warns: and
            # goes on without TLS.
            with warnings.catch_warnings(action="error", category=UserWarning):
                client: AsyncMongoClient[Document] = AsyncMongoClient(
                    self._url, **client_options(self._pool, socket_seconds)
                )
            self._db = client.get_database(
                database_name(self._url),
                CodecOptions(tz_aware=True, tzinfo=UTC),
                ReadPreference.PRIMARY,
                DURABLE,
                SETTLED,
            )
        except (PyMongoError, ValueError, TypeError, OSError, UserWarning):
            # What the driver says may quote a part of the URL, and so of a password.
            raise unreadable() from None

    async def close(self) -> None:
        """Let what is under way finish, for as long as it may take anyhow, and disconnect."""
        db, self._db = self._db, None
        if self._running:
            await asyncio.wait(self._running, timeout=ANSWER_SECONDS)
        for task in self._running:
            task.cancel()
        if db is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await db.client.close()

    async def run(self, work: Work[T], seconds: float | None = None) -> T:
        """
        Do *work*, and go on with it if the caller is cancelled.

        Args:   seconds: how long it may take, if not `ANSWER_SECONDS`.
        Raises: StoreDown: closed, too many wait already, or no answer in time.
        """
        if self._db is None:
            raise StoreDown
        if len(self._running) >= self._pool * WAITING_PER_CONNECTION:
            raise StoreDown from TimeoutError("more wait for a connection than could be answered")
        seconds = seconds or self._answer_seconds
        began = time.perf_counter()
        task = asyncio.create_task(_translated(work(self._db), seconds))
        self._running.add(task)
        task.add_done_callback(self._settle)
        await asyncio.wait((task,), timeout=seconds)
        self._durations.add(time.perf_counter() - began)
        if not task.done() or task.cancelled():
            raise StoreDown from TimeoutError(f"no answer within {seconds:g} s")
        return task.result()

    async def transact(self, subject: str, steps: Steps[T]) -> T:
        """
        Do *steps* in one transaction, as often as it takes until no other one is in the way.

        Args:   subject: what it may meet others at. Those of one process take turns for each, since
                they would only undo one another; those of other processes are met in the database.
        Raises: StoreDown: as `run`.
        """

        async def work(db: Database) -> T:
            turn = self._turns.setdefault(subject, asyncio.Lock())
            async with turn, db.client.start_session() as session:
                return await _until_committed(db, session, steps)

        return await self.run(work)

    def load(self) -> Load:
        """See `Store.load`."""
        busy = min(len(self._running), self._pool)
        return Load(self._durations, busy, len(self._running) - busy, self._pool)

    def _settle(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # Nobody may be waiting for it any more.


async def _translated(work: Awaitable[T], seconds: float) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError as error:
        raise StoreDown from error
    except PyMongoError as error:
        if is_our_bug(error):
            raise
        raise StoreDown from error


async def _until_committed(db: Database, session: Transaction, steps: Steps[T]) -> T:
    pause, longest = PAUSE_SECONDS
    while True:
        try:
            async with await session.start_transaction(SNAPSHOT, DURABLE, ReadPreference.PRIMARY):
                outcome = await steps(db, session)
                await _commit(session)
                return outcome
        except PyMongoError as error:
            if not error.has_error_label(TRANSIENT):
                raise
        await asyncio.sleep(pause * _fraction())
        pause = min(2 * pause, longest)


async def _commit(session: Transaction) -> None:
    pause, longest = PAUSE_SECONDS
    while True:
        try:
            return await session.commit_transaction()
        except PyMongoError as error:
            if not error.has_error_label(UNKNOWN_COMMIT):
                raise
        await asyncio.sleep(pause)
        pause = min(2 * pause, longest)


def _fraction() -> float:
    # Who met once should not meet again: the digits below a millisecond differ enough for that.
    return asyncio.get_running_loop().time() * 1000 % 1
