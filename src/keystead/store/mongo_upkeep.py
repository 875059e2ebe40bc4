"""The verbs that are about neither users nor sessions: start, stop, upkeep and the secrets."""

from datetime import datetime

from pymongo.errors import DuplicateKeyError

from keystead.domain.load import Load
from keystead.store import mongo_schema, mongo_transactions
from keystead.store.mongo_connection import Connection, Database
from keystead.store.mongo_errors import is_taken
from keystead.store.mongo_url import refuse_weaker

SECRETS = {"_id": "secrets"}

MIGRATION_SECONDS = 6 * 60 * 60
"""An index over many millions of documents takes its time."""


class MongoUpkeep:
    """A part of `domain.store.Store`; each verb is described there."""

    def __init__(self, url: str, pool: int) -> None:
        refuse_weaker(url)
        self._connection = Connection(url, pool)

    async def count_hashes(self, pepper_id: int) -> int:
        """See `Store.count_hashes`."""
        return await self._connection.run(
            lambda db: db.users.count_documents({"pepper_id": pepper_id})
        )

    async def migrate(self) -> None:
        """See `Store.migrate`: several callers do the same, which is as good as one."""
        self._connection.open(socket_seconds=0)
        try:
            await self._connection.run(mongo_schema.check_server)
            await self._connection.run(mongo_schema.migrate, MIGRATION_SECONDS)
        finally:
            await self._connection.close()

    async def open(self) -> None:
        """See `Store.open`."""
        self._connection.open()
        await self._connection.run(mongo_schema.check_server)
        await self._connection.run(mongo_schema.check_schema)

    async def close(self) -> None:
        """See `Store.close`."""
        await self._connection.close()

    async def check(self) -> None:
        """See `Store.check`."""
        await self._connection.run(lambda db: db.users.find_one({}, {"_id": 1}))

    def load(self) -> Load:
        """See `Store.load`."""
        return self._connection.load()

    async def count_sessions(self, now: datetime) -> int:
        """See `Store.count_sessions`."""
        live = {"expires_at": {"$gt": now}}
        return await self._connection.run(lambda db: db.sessions.count_documents(live))

    async def purge_expired(self, now: datetime, limit: int) -> int:
        """See `Store.purge_expired`."""
        return await self._connection.transact(
            "purge", lambda db, within: mongo_transactions.purge(db.sessions, within, now, limit)
        )

    async def take_lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """See `Store.take_lease`: while somebody else has it, nothing matches, and the id is taken."""
        held = {"$gt": now, "$lte": until + (until - now)}
        free = {"_id": name, "$or": [{"holder": holder}, {"until": {"$not": held}}]}
        changes = {"$set": {"holder": holder, "until": until}}

        async def take(db: Database) -> bool:
            try:
                await db.leases.update_one(free, changes, upsert=True)
            except DuplicateKeyError as error:
                if not is_taken(error, "_id"):
                    raise
                return False
            return True

        return await self._connection.run(take)

    async def bind_secrets(self, fingerprint: str) -> str:
        """See `Store.bind_secrets`: once tied, it stays so, and may be read apart from the try."""

        async def bind(db: Database) -> None:
            try:
                await db.installation.insert_one({**SECRETS, "value": fingerprint})
            except DuplicateKeyError as error:
                if not is_taken(error, "_id"):
                    raise

        if await self.find_fingerprint() is None:
            await self._connection.run(bind)
        return await self.find_fingerprint() or fingerprint

    async def find_fingerprint(self) -> str | None:
        """See `Store.find_fingerprint`."""
        found = await self._connection.run(lambda db: db.installation.find_one(SECRETS))
        return None if found is None else str(found["value"])
