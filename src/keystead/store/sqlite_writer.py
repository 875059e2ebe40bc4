"""
Commits what is waiting together.

A commit costs a disk flush, whatever is in it. While one flush runs, the next writes gather and share
the one after it: every caller still waits for its own data to be on the disk, and a hundred callers
cost about what one does. The event loop only awaits a future.

A thread waits for locks and for the disk. The statements of short writes run on the event loop's
thread, some microseconds each: handed over one by one, most of the time would go into handing the
interpreter lock to and fro.

On a full disk only what takes power away is written, in the room that `Ballast` has kept for it.
"""

import asyncio
import errno
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from keystead.domain.errors import StoreDown
from keystead.domain.load import Histogram, Load
from keystead.store.sqlite_ballast import Ballast
from keystead.store.sqlite_connection import OUR_BUGS
from keystead.store.sqlite_known import Changes

MAX_SHARED = 256
"""Writes in one commit: bounds how long the first of them waits for the last."""

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    work: Work
    takes_away: bool
    is_short: bool
    deadline: float
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is committed together; *outcomes* if all of it has run and only the commit is missing."""

    jobs: list[_Job]
    outcomes: list[Any] | None


class GroupWriter:
    """
    Runs pieces of work on one connection, each atomic, in transactions that they share.

    The connection belongs to the event loop's thread while a batch begins, and to the other from
    then on until the batch is settled. It waits for no lock unless it is told to.

    Args:
        changes: who is told of each commit, if anybody; set before the first job.

    """

    def __init__(self, db: sqlite3.Connection, wait_seconds: float, ballast: Ballast) -> None:
        self._db = db
        self._ballast = ballast
        self._wait_seconds = wait_seconds
        self.changes: Changes | None = None
        self._waiting: list[_Job] = []
        self._is_at_work = False
        self._durations = Histogram()
        self._batches: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._thread.start()

    async def run(
        self,
        work: Callable[[sqlite3.Connection], T],
        *,
        takes_away: bool = False,
        is_short: bool = False,
    ) -> T:
        """
        Run *work* and return what it returned, once it is committed.

        An exception from *work* undoes what it did, and nobody else's. It may run more than once.

        Args:   takes_away: it ends sessions or takes rights: on a full disk too.
                is_short: it touches few rows, and may hold up the event loop for so long.
        Raises: StoreDown: the commit failed, or no lock was had in time.
        """
        loop = asyncio.get_running_loop()
        deadline = time.monotonic() + self._wait_seconds
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append(_Job(work, takes_away, is_short, deadline, future))
        if not self._is_at_work:
            self._is_at_work = True
            loop.call_soon(self._begin)
        try:
            return await future
        finally:
            self._durations.add(time.monotonic() + self._wait_seconds - deadline)

    def load(self) -> Load:
        """See `Store.load`."""
        return Load(self._durations, int(self._is_at_work), len(self._waiting), 1)

    async def close(self) -> None:
        """Commit what is waiting, stop the thread and close the connection."""
        # Nothing, behind all that waits; if that fails, each of those has been told by itself.
        with suppress(StoreDown):
            await self.run(lambda _: None)
        self._batches.put(None)
        await asyncio.to_thread(self._thread.join)
        self._db.close()

    # On the event loop's thread

    def _begin(self) -> None:
        jobs, self._waiting = self._waiting[:MAX_SHARED], self._waiting[MAX_SHARED:]
        if not jobs:
            self._is_at_work = False
            return
        outcomes = self._begun(jobs) if all(job.is_short for job in jobs) else None
        self._batches.put(_Batch(jobs, outcomes))

    def _begun(self, jobs: list[_Job]) -> list[Any] | None:
        try:
            return self._attempt_all(jobs)
        except sqlite3.Error:
            self._roll_back()
            return None  # Whatever it is, the thread meets it again, and may wait for it.

    def _settle(self, batch: _Batch, outcomes: list[Any]) -> None:
        for job, outcome in zip(batch.jobs, outcomes, strict=True):
            if job.future.done():  # The caller went away; what was written stays written.
                continue
            if isinstance(outcome, Exception):
                job.future.set_exception(outcome)
            else:
                job.future.set_result(outcome)
        self._begin()

    # On its own

    def _serve(self) -> None:
        while (batch := self._batches.get()) is not None:
            outcomes = self._outcomes(batch)
            loop = batch.jobs[0].future.get_loop()
            try:
                loop.call_soon_threadsafe(self._settle, batch, outcomes)
            except RuntimeError:  # That loop is closed: nobody waits any more.
                self._is_at_work = False

    def _outcomes(self, batch: _Batch) -> list[Any]:
        jobs = batch.jobs
        if self._ballast.is_held():
            try:
                return self._committed(jobs, batch.outcomes)
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_FULL:
                    return [_because(error)] * len(jobs)
                self._ballast.give_up()
        self._roll_back()
        urgent = [job for job in jobs if job.takes_away]
        try:
            done = dict(zip(urgent, self._committed(urgent), strict=True)) if urgent else {}
        except sqlite3.Error as error:
            done = dict.fromkeys(urgent, _because(error))
        full = _because(OSError(errno.ENOSPC, "the disk is full"))
        return [done.get(job, full) for job in jobs]

    def _committed(self, jobs: list[_Job], outcomes: list[Any] | None = None) -> list[Any]:
        try:
            if outcomes is None:
                outcomes = self._begun_patiently(jobs)
            self._db.execute("COMMIT")
            if self.changes is not None:
                self.changes.end(is_committed=True)
        except sqlite3.Error:
            self._roll_back()
            raise
        return outcomes

    def _begun_patiently(self, jobs: list[_Job]) -> list[Any]:
        # Whoever has waited for a lock behind others does not wait as long again.
        left = max(0.0, jobs[0].deadline - time.monotonic())
        self._db.execute(f"PRAGMA busy_timeout = {int(left * 1000)}")
        try:
            return self._attempt_all(jobs)
        finally:
            self._db.execute("PRAGMA busy_timeout = 0")

    # On either

    def _attempt_all(self, jobs: list[_Job]) -> list[Any]:
        # IMMEDIATE takes the write lock first: a transaction that reads and then writes would
        # fail with SQLITE_BUSY_SNAPSHOT whenever another process wrote in between.
        self._db.execute("BEGIN IMMEDIATE")
        if self.changes is not None:
            self.changes.begin()
        return [self._attempt(job.work) for job in jobs]

    def _attempt(self, work: Work) -> Any:  # noqa: ANN401 - whatever the work returns or raises.
        self._db.execute("SAVEPOINT job")
        try:
            outcome = work(self._db)
        except Exception as error:
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, OUR_BUGS):
                raise  # The file or the disk, not this job: nobody in this commit can have worked.
            self._db.execute("ROLLBACK TO job")
            outcome = error
        self._db.execute("RELEASE job")
        return outcome

    def _roll_back(self) -> None:
        if self.changes is not None:
            self.changes.end(is_committed=False)
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")


def _because(error: Exception) -> StoreDown:
    down = StoreDown()
    down.__cause__ = error
    return down
