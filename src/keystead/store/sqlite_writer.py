"""
One thread that writes, and commits what is waiting together.

A commit costs a disk flush, whatever is in it. While one flush runs, the next writes gather in the
queue and share the one after it: every caller still waits for its own data to be on the disk, and
a hundred callers cost about what one does. The event loop only awaits a future.

On a full disk only what takes power away is written, in the room that `Ballast` has kept for it.
"""

import asyncio
import errno
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from keystead.domain.errors import StoreDown
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
    deadline: float
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class GroupWriter:
    """Runs pieces of work on one connection, each atomic, in transactions that they share."""

    def __init__(self, db: sqlite3.Connection, wait_seconds: float, ballast: Ballast) -> None:
        self._db = db
        self._ballast = ballast
        self._wait_seconds = wait_seconds
        self._changes: Changes | None = None
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._thread.start()

    def tell(self, changes: Changes) -> None:
        """Say what each commit changes to *changes*; before the first job."""
        self._changes = changes

    async def run(self, work: Callable[[sqlite3.Connection], T], *, takes_away: bool = False) -> T:
        """
        Run *work* and return what it returned, once it is committed.

        An exception from *work* undoes what it did, and nobody else's.

        Args:   takes_away: it ends sessions or takes rights: on a full disk too.
        Raises: StoreDown: the commit failed, or no lock was had in time.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        deadline = time.monotonic() + self._wait_seconds
        self._jobs.put(_Job(work, takes_away, deadline, loop, future))
        return await future

    async def close(self) -> None:
        """Commit what is waiting, stop the thread and close the connection."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self._db.close()

    def _serve(self) -> None:
        is_open = True
        while is_open:
            jobs, is_open = self._wait_for_jobs()
            outcomes = self._outcomes(jobs) if jobs else []
            for loop in {job.loop for job in jobs}:
                own = [
                    (job.future, outcome)
                    for job, outcome in zip(jobs, outcomes, strict=True)
                    if job.loop is loop
                ]
                with suppress(RuntimeError):  # That loop is closed: nobody waits any more.
                    loop.call_soon_threadsafe(_settle, own)

    def _wait_for_jobs(self) -> tuple[list[_Job], bool]:
        jobs: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == MAX_SHARED or self._jobs.empty():
                return jobs, True
            job = self._jobs.get()
        return jobs, False

    def _outcomes(self, jobs: list[_Job]) -> list[Any]:
        if self._ballast.is_held():
            try:
                return self._commit(jobs)
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_FULL:
                    return [_because(error)] * len(jobs)
                self._ballast.give_up()
        urgent = [job for job in jobs if job.takes_away]
        try:
            done = dict(zip(urgent, self._commit(urgent), strict=True)) if urgent else {}
        except sqlite3.Error as error:
            done = dict.fromkeys(urgent, _because(error))
        full = _because(OSError(errno.ENOSPC, "the disk is full"))
        return [done.get(job, full) for job in jobs]

    def _commit(self, jobs: list[_Job]) -> list[Any]:
        try:
            # Whoever has waited for a lock behind others does not wait as long again.
            left = max(0.0, jobs[0].deadline - time.monotonic())
            self._db.execute(f"PRAGMA busy_timeout = {int(left * 1000)}")
            # IMMEDIATE takes the write lock first: a transaction that reads and then writes would
            # fail with SQLITE_BUSY_SNAPSHOT whenever another process wrote in between.
            self._db.execute("BEGIN IMMEDIATE")
            with self._changes or nullcontext():
                outcomes = [self._attempt(job.work) for job in jobs]
                self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return outcomes

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


def _because(error: Exception) -> StoreDown:
    down = StoreDown()
    down.__cause__ = error
    return down


def _settle(outcomes: list[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, outcome in outcomes:
        if future.done():  # The caller went away; what was written stays written.
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
