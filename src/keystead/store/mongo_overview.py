"""What an admin sees at a glance, in MongoDB: a part of `domain.store.Store`, described there."""

from datetime import datetime

from keystead.domain.overview import Counts, Whereabouts
from keystead.domain.session import Place
from keystead.domain.user import Role, Status
from keystead.store.mongo_audit import MongoAudit
from keystead.store.mongo_connection import Database


class MongoOverview(MongoAudit):
    """The verbs that count, on top of those of the audit log. Each reads one index, up to a limit."""

    async def count_all(self, now: datetime, limit: int) -> Counts:
        """See `Store.count_all`."""

        async def count(db: Database) -> Counts:
            plain = await db.users.count_documents({"role": Role.USER.value}, limit=limit)
            admins = await db.users.count_documents({"role": Role.ADMIN.value}, limit=limit)
            disabled = await db.users.count_documents(
                {"status": Status.DISABLED.value}, limit=limit
            )
            live = {"expires_at": {"$gt": now}}
            sessions = await db.sessions.count_documents(live, limit=limit)
            return Counts(min(plain + admins, limit), admins, disabled, sessions)

        return await self._connection.run(count)

    async def count_audit(self, name: str, first: str, end: str, limit: int) -> int:
        """See `Store.count_audit`."""
        where = {"name": name, "_id": {"$gte": first, "$lt": end}}
        return await self._connection.run(lambda db: db.audit.count_documents(where, limit=limit))

    async def sample_whereabouts(self, now: datetime, limit: int) -> list[Whereabouts]:
        """See `Store.sample_whereabouts`."""
        live = {"expires_at": {"$gt": now}}
        found = await self._connection.run(
            lambda db: (
                db.sessions.find(live, {"ip": 1, "place": 1})
                .sort("expires_at", -1)
                .limit(limit)
                .to_list()
            )
        )
        return [
            Whereabouts(one["ip"], None if one["place"] is None else Place(**one["place"]))
            for one in found
        ]
