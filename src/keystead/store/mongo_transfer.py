"""Moving to and from MongoDB: `domain.transfer.Transfer`, where each verb is described."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from keystead.domain.audit import AuditHead, AuditRecord
from keystead.domain.session import Session
from keystead.domain.transfer import CopyState, Counts, Part
from keystead.domain.user import Credentials
from keystead.store import mongo_documents as documents
from keystead.store import mongo_schema
from keystead.store.mongo_audit import HEAD, document_of
from keystead.store.mongo_connection import Database, Transaction
from keystead.store.mongo_documents import USER_BY_EMAIL
from keystead.store.mongo_overview import MongoOverview

COPY = {"_id": "copy"}


class MongoTransfer(MongoOverview):
    """The verbs that no request needs, on top of those for upkeep and the audit log."""

    async def open_to_read(self) -> bool:
        """See `Transfer.open_to_read`."""
        self._connection.open()
        await self._connection.run(mongo_schema.check_server)
        is_there = await self._connection.run(mongo_schema.has_schema)
        if not is_there:
            await self.close()
        return is_there

    async def count(self, now: datetime) -> Counts:
        """See `Transfer.count`."""

        async def count(db: Database) -> Counts:
            live = {"expires_at": {"$gt": now}}
            return Counts(
                users=await db.users.count_documents({}),
                sessions=await db.sessions.count_documents(live),
                over=await db.sessions.count_documents({"expires_at": {"$lte": now}}),
                audit=await db.audit.count_documents({}),
            )

        return await self._connection.run(count)

    async def export_users(self, after: str, limit: int) -> list[Credentials]:
        """See `Transfer.export_users`: without a collation, ids are ordered by code point."""
        found = await self._connection.run(
            lambda db: (
                db.users.find({"_id": {"$gt": after}}, USER_BY_EMAIL)
                .sort("_id", 1)
                .limit(limit)
                .to_list()
            )
        )
        return [documents.credentials_from(one) for one in found]

    async def export_sessions(self, after: str, limit: int, now: datetime) -> list[Session]:
        """See `Transfer.export_sessions`: whatever removes a user takes the sessions along."""
        live = {"_id": {"$gt": after}, "expires_at": {"$gt": now}}
        found = await self._connection.run(
            lambda db: db.sessions.find(live).sort("_id", 1).limit(limit).to_list()
        )
        return [documents.session_from(one) for one in found]

    async def import_users(self, users: Sequence[Credentials], gone: Sequence[str]) -> None:
        """See `Transfer.import_users`."""
        await self._connection.transact(
            "import", lambda db, within: _import_users(db, within, users, gone)
        )

    async def import_sessions(self, sessions: Sequence[Session], gone: Sequence[str]) -> None:
        """See `Transfer.import_sessions`."""
        await self._connection.transact(
            "import", lambda db, within: _import_sessions(db, within, sessions, gone)
        )

    async def import_audit(self, records: Sequence[AuditRecord], gone: Sequence[str]) -> None:
        """See `Transfer.import_audit`."""
        await self._connection.transact(
            "import", lambda db, within: _import_audit(db, within, records, gone)
        )

    async def keep_audit_head(self, head: AuditHead | None) -> None:
        """See `Transfer.keep_audit_head`."""
        if head is None:
            await self._connection.run(lambda db: db.installation.delete_one(HEAD))
            return
        document = asdict(head)
        await self._connection.run(
            lambda db: db.installation.replace_one(HEAD, document, upsert=True)
        )

    async def find_copy(self) -> CopyState | None:
        """See `Transfer.find_copy`."""
        found = await self._connection.run(lambda db: db.installation.find_one(COPY, {"_id": 0}))
        return None if found is None else CopyState(**{**found, "part": Part(found["part"])})

    async def keep_copy(self, state: CopyState) -> None:
        """See `Transfer.keep_copy`."""
        document = {**asdict(state), "part": state.part.value}
        await self._connection.run(
            lambda db: db.installation.replace_one(COPY, document, upsert=True)
        )


async def _import_users(
    db: Database, within: Transaction, users: Sequence[Credentials], gone: Sequence[str]
) -> None:
    ids = [each.user.id for each in users]
    addresses = {"email": {"$in": [each.user.email for each in users]}}
    elsewhere = {**addresses, "_id": {"$nin": ids}}
    others = await db.users.find(elsewhere, {"_id": 1}, session=within).to_list()
    lost = [*gone, *(one["_id"] for one in others)]
    await db.sessions.delete_many({"user_id": {"$in": lost}}, session=within)
    await db.users.delete_many({"_id": {"$in": [*ids, *lost]}}, session=within)
    if users:
        new = [documents.from_user(each.user, each.password) for each in users]
        await db.users.insert_many(new, session=within)


async def _import_sessions(
    db: Database, within: Transaction, sessions: Sequence[Session], gone: Sequence[str]
) -> None:
    owners = {"_id": {"$in": list({session.user_id for session in sessions})}}
    there = {
        one["_id"] for one in await db.users.find(owners, {"_id": 1}, session=within).to_list()
    }
    ids = [*gone, *(session.id for session in sessions)]
    await db.sessions.delete_many({"_id": {"$in": ids}}, session=within)
    new = [documents.from_session(each) for each in sessions if each.user_id in there]
    if new:
        await db.sessions.insert_many(new, session=within)


async def _import_audit(
    db: Database, within: Transaction, records: Sequence[AuditRecord], gone: Sequence[str]
) -> None:
    ids = [*gone, *(record.id for record in records)]
    await db.audit.delete_many({"_id": {"$in": ids}}, session=within)
    if records:
        await db.audit.insert_many([document_of(record) for record in records], session=within)
