"""
The audit log in MongoDB: a part of `domain.store.Store`, where each verb is described.

A record is a document of `audit`. Before it is sealed it has no `seq`. Until it is trimmed it has its
time a second time, as `untrimmed`: a sparse index holds what has such a field, and nothing else.
"""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from keystead.domain.audit import AuditHead, AuditQuery, AuditRecord, Seal
from keystead.store.mongo_connection import Database, Transaction
from keystead.store.mongo_documents import Document, exactly
from keystead.store.mongo_errors import is_taken
from keystead.store.mongo_upkeep import MongoUpkeep
from keystead.store.rows import can_be_kept

HEAD = {"_id": "audit_head"}


class MongoAudit(MongoUpkeep):
    """The verbs of the audit log, on top of those for upkeep."""

    async def add_audit_record(self, record: AuditRecord) -> None:
        """See `Store.add_audit_record`."""
        await self._connection.run(lambda db: db.audit.insert_one(document_of(record)))

    async def list_audit(self, query: AuditQuery) -> list[AuditRecord]:
        """See `Store.list_audit`."""
        given = {"actor": query.actor, "subject": query.subject, "name": query.name}
        where = {name: exactly(value) for name, value in given.items() if value is not None}
        if query.before is not None:
            if not can_be_kept(query.before):
                return []
            where["_id"] = {"$lt": query.before}
        found = await self._connection.run(
            lambda db: db.audit.find(where).sort("_id", -1).limit(query.limit).to_list()
        )
        return [record_from(one) for one in found]

    async def export_audit(self, after: str, limit: int) -> list[AuditRecord]:
        """See `Store.export_audit`."""
        return await self._page({"_id": {"$gt": after}}, "_id", limit)

    async def list_sealed(self, after: int | None, limit: int) -> list[AuditRecord]:
        """See `Store.list_sealed`: at the end also of what somebody else gave no number but a text."""
        beyond = {"$ne": None} if after is None else {"$gt": after}
        found = await self._page({"seq": beyond}, "seq", limit)
        if after is None or len(found) == limit:
            return found
        # "Beyond" is asked within one type only, and a full look is over here: it may take its time.
        strange = {"$nor": [{"seq": None}, {"seq": {"$type": "number"}}]}
        return found + await self._page(strange, "seq", limit - len(found))

    async def list_unsealed(self, after: str, limit: int) -> list[AuditRecord]:
        """See `Store.list_unsealed`: also of what somebody else put in, whatever it lacks."""
        return await self._page({"seq": None, "_id": {"$gt": after}}, "_id", limit)

    async def find_audit_head(self) -> AuditHead | None:
        """See `Store.find_audit_head`."""
        found = await self._connection.run(lambda db: db.installation.find_one(HEAD, {"_id": 0}))
        return None if found is None else AuditHead(**found)

    async def seal_audit(
        self, seals: Sequence[Seal], old: AuditHead | None, new: AuditHead
    ) -> bool:
        """See `Store.seal_audit`: whoever comes second finds another head than it has read."""
        try:
            return await self._connection.transact(
                "audit", lambda db, within: _seal(db, within, seals, old, new)
            )
        except DuplicateKeyError as error:
            if not is_taken(error, "_id"):
                raise
            return False

    async def trim_audit(self, before: datetime, limit: int) -> int:
        """See `Store.trim_audit`: what was erased meanwhile is erased again, which changes nothing."""

        async def trim(db: Database) -> int:
            due = db.audit.find({"untrimmed": {"$lt": before}}, {"_id": 1})
            oldest = await due.sort("untrimmed", 1).limit(limit).to_list()
            if not oldest:
                return 0
            these = {"_id": {"$in": [one["_id"] for one in oldest]}}
            erased = {"ip": None, "user_agent": None, "salt": None}
            outcome = await db.audit.update_many(
                these, {"$set": erased, "$unset": {"untrimmed": ""}}
            )
            return outcome.matched_count

        return await self._connection.run(trim)

    async def _page(self, where: Document, order: str, limit: int) -> list[AuditRecord]:
        found = await self._connection.run(
            lambda db: db.audit.find(where).sort(order, 1).limit(limit).to_list()
        )
        return [record_from(one) for one in found]


def document_of(record: AuditRecord) -> Document:
    """Return the document of *record*."""
    document = asdict(record)
    document["_id"] = document.pop("id")
    if record.seq is None:
        # An index that is unique and sparse holds what has a value: one without must have no field.
        del document["seq"], document["chain"]
    if not record.is_trimmed:
        document["untrimmed"] = record.at
    return document


def record_from(found: Document) -> AuditRecord:
    """Build a record from its document."""
    values = {field.name: found.get(field.name) for field in fields(AuditRecord)}
    return AuditRecord(**{**values, "id": found["_id"]})


async def _seal(
    db: Database,
    within: Transaction,
    seals: Sequence[Seal],
    old: AuditHead | None,
    new: AuditHead,
) -> bool:
    # The unique index guards; this spares the driver's error of many operations, which hides its reason.
    if await db.audit.find_one({"seq": {"$gte": new.seq - len(seals) + 1}}, session=within):
        return False
    if old is None:
        await db.installation.insert_one({**HEAD, **asdict(new)}, session=within)
    else:
        moved = await db.installation.update_one(
            {**HEAD, **asdict(old)}, {"$set": asdict(new)}, session=within
        )
        if not moved.matched_count:
            return False
    places = [
        UpdateOne({"_id": seal.id, "seq": None}, {"$set": {"seq": seal.seq, "chain": seal.chain}})
        for seal in seals
    ]
    if places:
        await db.audit.bulk_write(places, session=within)
    return True
