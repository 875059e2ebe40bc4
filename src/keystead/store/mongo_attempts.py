"""Counters of attempts: a part of `domain.store.Store`, where each verb is described."""

from datetime import UTC, datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from keystead.domain.throttle import Limit, Tally, Wanted, in_order
from keystead.store import mongo_transactions
from keystead.store.mongo_connection import Database
from keystead.store.mongo_documents import Document, exactly
from keystead.store.mongo_errors import is_taken
from keystead.store.mongo_transfer import MongoTransfer

OPEN = datetime(1970, 1, 1, tzinfo=UTC)
"""From when on an attempt is let in that need not wait: also where a clock is behind."""


class MongoAttempts(MongoTransfer):
    """The verbs about attempts, on top of those for moving and upkeep."""

    async def count_attempt(self, key: str, limit: Limit, now: datetime) -> Tally:
        """See `Store.count_attempt`: while it is closed nothing matches, and the id is taken."""

        async def count(db: Database) -> Tally:
            # Of several that make the counter at once one does, and for the others too the id is
            # taken: whoever finds it open tries again.
            while True:
                if (counted := await _count_if_open(db, key, limit, now)) is not None:
                    return _tally(counted, limit, now, is_counted=True)
                found = await db.attempts.find_one({"_id": key})
                if found is not None and found["open_at"] > now:
                    return _tally(found, limit, now, is_counted=False)
                if found is None and await _is_first(db, first := _first(key, limit, now)):
                    return _tally(first, limit, now, is_counted=True)

        return await self._connection.run(count)

    async def count_attempts(self, wanted: Wanted, now: datetime) -> list[Tally]:
        """See `Store.count_attempts`."""
        return await in_order(lambda key, limit: self.count_attempt(key, limit, now), wanted)

    async def take_attempt_back(self, key: str, now: datetime) -> None:
        """See `Store.take_attempt_back`."""
        counted = {"_id": exactly(key), "made": {"$gt": 0}, "expires_at": {"$gt": now}}
        changes = {"$inc": {"made": -1}, "$set": {"open_at": OPEN}}
        await self._connection.run(lambda db: db.attempts.update_one(counted, changes))

    async def forget_attempts(self, key: str) -> None:
        """See `Store.forget_attempts`."""
        await self._connection.run(lambda db: db.attempts.delete_one({"_id": exactly(key)}))

    async def purge_attempts(self, now: datetime, limit: int) -> int:
        """See `Store.purge_attempts`."""
        return await self._connection.transact(
            "purge attempts",
            lambda db, within: mongo_transactions.purge(db.attempts, within, now, limit),
        )


async def _count_if_open(db: Database, key: str, limit: Limit, now: datetime) -> Document | None:
    return await db.attempts.find_one_and_update(
        {"_id": key, "open_at": {"$lte": now}},
        _steps(limit, now),
        return_document=ReturnDocument.AFTER,
    )


async def _is_first(db: Database, first: Document) -> bool:
    try:
        await db.attempts.insert_one(first)
    except DuplicateKeyError as error:
        if not is_taken(error, "_id"):
            raise
        return False
    return True


def _first(key: str, limit: Limit, now: datetime) -> Document:
    """Return the counter that a first attempt makes: as `_steps` would make it of a forgotten one."""
    open_at = now + limit.wait_after_first if limit.wait_after_first else OPEN
    return {"_id": key, "made": 1, "open_at": open_at, "expires_at": now + limit.memory}


def _steps(limit: Limit, now: datetime) -> list[Document]:
    """Return what an attempt makes of its counter, as the statement in `sql_attempts` does."""
    expiry = now + limit.memory
    is_forgotten = {"$lte": [{"$ifNull": ["$expires_at", now]}, now]}
    at_stop: Any = "$expires_at"
    later: Any = "$expires_at"
    if limit.memory_at_stop is not None:
        at_stop, later = now + limit.memory_at_stop, expiry
    number = {"$add": ["$made", 1]}
    ends_at = _first_of([(is_forgotten, expiry), ({"$gte": [number, limit.stop]}, at_stop)], later)
    is_stopped = {"$gte": ["$made", limit.stop]}
    doubled = {"$subtract": ["$made", limit.free]}
    first_ms, longest_ms = (
        wait.total_seconds() * 1000 for wait in (limit.first_wait, limit.longest_wait)
    )
    return [
        {"$set": {"made": {"$cond": [is_forgotten, 1, number]}, "expires_at": ends_at}},
        {
            "$set": {
                "open_at": _first_of(
                    [
                        (is_stopped, "$expires_at"),
                        ({"$lt": ["$made", limit.free]}, OPEN),
                        ({"$gte": [doubled, limit.doublings]}, {"$add": [now, longest_ms]}),
                    ],
                    {"$add": [now, {"$multiply": [first_ms, {"$pow": [2, doubled]}]}]},
                )
            }
        },
    ]


def _first_of(branches: list[tuple[Document, Any]], otherwise: Any) -> Document:  # noqa: ANN401 - an expression.
    cases = [{"case": case, "then": then} for case, then in branches]
    return {"$switch": {"branches": cases, "default": otherwise}}


def _tally(found: Document, limit: Limit, now: datetime, *, is_counted: bool) -> Tally:
    return Tally(limit, int(found["made"]), max(now, found["open_at"]), is_counted)
