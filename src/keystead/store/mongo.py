"""
The store on MongoDB: a replica set or a sharded cluster, for any number of processes and machines.

A verb that changes one document is one guarded operation; one that changes several runs in a
transaction (`mongo_transactions`). What was acknowledged is in the journal of a majority, and reads
see nothing else. docs/decisions/0010-mongodb.md has the reasons.
"""

from datetime import datetime
from typing import TypeVar

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from keystead.domain.audit import AuditRecord
from keystead.domain.session import Session, SessionId, SignedIn
from keystead.domain.tokens import Rotated, RotationOutcome, judge
from keystead.domain.user import (
    Credentials,
    EmailAddress,
    PasswordHash,
    Role,
    Status,
    User,
    UserId,
    UserQuery,
)
from keystead.store import mongo_documents as documents
from keystead.store import mongo_transactions
from keystead.store.mongo_attempts import MongoAttempts
from keystead.store.mongo_audit import document_of
from keystead.store.mongo_connection import Database, Steps, Transaction
from keystead.store.mongo_documents import USER, USER_BY_EMAIL, WITH_USER, exactly
from keystead.store.mongo_errors import is_taken
from keystead.store.mongo_schema import ADMINS
from keystead.store.mongo_transactions import NEWEST_FIRST

T = TypeVar("T")


class MongoStore(MongoAttempts):
    """`domain.transfer.Transfer`, and so `domain.store.Store`, on MongoDB; see there."""

    # Users

    async def add_user(
        self, user: User, password: PasswordHash, *, record: AuditRecord | None
    ) -> bool:
        """See `Store.add_user`: the unique index decides."""
        new = documents.from_user(user, password)
        try:
            return await self._recorded(
                user.id, lambda db, within: mongo_transactions.add_user(db, within, new), record
            )
        except DuplicateKeyError as error:
            if not is_taken(error, "email"):
                raise
            return False

    async def find_user(self, user_id: UserId) -> User | None:
        """See `Store.find_user`."""
        found = await self._connection.run(
            lambda db: db.users.find_one({"_id": exactly(user_id)}, USER)
        )
        return None if found is None else documents.user_from(found)

    async def find_credentials(self, email: EmailAddress) -> Credentials | None:
        """See `Store.find_credentials`."""
        found = await self._connection.run(
            lambda db: db.users.find_one({"email": exactly(email)}, USER_BY_EMAIL)
        )
        return None if found is None else documents.credentials_from(found)

    async def list_users(self, query: UserQuery) -> list[User]:
        """See `Store.list_users`: without a collation, text is ordered by code point."""
        matching = documents.matching(query)
        found = await self._connection.run(
            lambda db: db.users.find(matching, USER).sort("email", 1).limit(query.limit).to_list()
        )
        return [documents.user_from(one) for one in found]

    async def has_admin(self) -> bool:
        """See `Store.has_admin`."""
        admin = {"role": Role.ADMIN.value}
        found = await self._connection.run(lambda db: db.users.find_one(admin, {"_id": 1}))
        return found is not None

    async def replace_password_hash(
        self, user_id: UserId, old: PasswordHash, new: PasswordHash
    ) -> bool:
        """See `Store.replace_password_hash`."""
        unchanged = {"_id": exactly(user_id), "password_hash": exactly(old.text)}
        changes = {"password_hash": new.text, "pepper_id": new.pepper_id}
        outcome = await self._connection.run(
            lambda db: db.users.update_one(unchanged, {"$set": changes})
        )
        return outcome.matched_count == 1

    async def change_role(
        self, user_id: UserId, role: Role, now: datetime, *, record: AuditRecord | None
    ) -> User | None:
        """See `Store.change_role`."""
        changes = {"role": role.value, "updated_at": now}

        async def change(db: Database, within: Transaction) -> User | None:
            if role is not Role.ADMIN:
                await mongo_transactions.find_dispensable(db, within, user_id)
            return await mongo_transactions.change_user(db, within, user_id, changes)

        return await self._change(user_id, change, record)

    async def change_status(
        self, user_id: UserId, status: Status, now: datetime, *, record: AuditRecord | None
    ) -> User | None:
        """See `Store.change_status`."""
        return await self._change(
            user_id,
            lambda db, within: mongo_transactions.change_status(db, within, user_id, status, now),
            record,
        )

    async def delete_user(self, user_id: UserId, *, record: AuditRecord | None) -> User | None:
        """See `Store.delete_user`."""
        return await self._change(
            user_id, lambda db, within: mongo_transactions.delete_user(db, within, user_id), record
        )

    async def _change(
        self, user_id: UserId, steps: Steps[User | None], record: AuditRecord | None
    ) -> User | None:
        # Whatever takes an admin away meets all else that does, and so waits for it from the start.
        # What is read here is no more than a hint: the transaction looks for itself.
        user = await self.find_user(user_id)
        is_admin = user is not None and user.role is Role.ADMIN
        return await self._recorded(ADMINS if is_admin else user_id, steps, record)

    async def _recorded(self, subject: str, steps: Steps[T], record: AuditRecord | None) -> T:
        """Do *steps* in one transaction, which keeps *record* if they say that something changed."""

        async def change(db: Database, within: Transaction) -> T:
            changed = await steps(db, within)
            if changed and record is not None:
                await db.audit.insert_one(document_of(record), session=within)
            return changed

        return await self._connection.transact(subject, change)

    # Sessions

    async def open_session(self, session: Session, cap: int, *, record: AuditRecord | None) -> bool:
        """See `Store.open_session`."""
        return await self._recorded(
            session.user_id,
            lambda db, within: mongo_transactions.open_session(db, within, session, cap),
            record,
        )

    async def find_session(self, session_id: SessionId) -> SignedIn | None:
        """See `Store.find_session`."""
        return await self._connection.run(lambda db: _find_session(db, session_id))

    async def list_sessions(self, user_id: UserId, now: datetime) -> list[Session]:
        """See `Store.list_sessions`."""
        live = {"user_id": exactly(user_id), "expires_at": {"$gt": now}}
        found = await self._connection.run(
            lambda db: db.sessions.find(live).sort(NEWEST_FIRST).to_list()
        )
        return [documents.session_from(one) for one in found]

    async def touch_session(
        self, session_id: SessionId, now: datetime, expires_at: datetime
    ) -> None:
        """See `Store.touch_session`."""
        older = {"_id": exactly(session_id), "last_active_at": {"$lt": now}}
        changes = {"last_active_at": now, "expires_at": expires_at}
        await self._connection.run(lambda db: db.sessions.update_one(older, {"$set": changes}))

    async def renew_authentication(
        self, session_id: SessionId, now: datetime, *, record: AuditRecord | None
    ) -> bool:
        """See `Store.renew_authentication`."""
        return await self._recorded(
            session_id,
            lambda db, within: mongo_transactions.renew(db, within, session_id, now),
            record,
        )

    async def rotate_refresh_token(
        self, session_id: SessionId, generation: int, now: datetime, expires_at: datetime
    ) -> RotationOutcome:
        """See `Store.rotate_refresh_token`: the filter names the generation that is replaced."""
        newest = {
            "_id": exactly(session_id),
            "generation": generation,
            "expires_at": {"$gt": now},
        }
        changes = {"rotated_at": now, "last_active_at": now, "expires_at": expires_at}

        async def rotate(db: Database) -> RotationOutcome:
            rotated = await db.sessions.find_one_and_update(
                newest,
                {"$set": changes, "$inc": {"generation": 1}},
                return_document=ReturnDocument.AFTER,
            )
            if rotated is None:
                return judge(await _find_session(db, session_id), generation, now)
            user = await db.users.find_one({"_id": rotated["user_id"]}, USER)
            signed_in = documents.signed_in_from({**rotated, "user": [user] if user else []})
            # Disabling and deleting take the session along: then it was over in this very moment.
            if signed_in is None or not signed_in.user.is_active:
                return judge(None, generation, now)
            return Rotated(signed_in)

        return await self._connection.run(rotate)

    async def close_session(
        self,
        session_id: SessionId,
        owner: UserId | None = None,
        *,
        record: AuditRecord | None,
    ) -> bool:
        """See `Store.close_session`."""
        return await self._recorded(
            session_id,
            lambda db, within: mongo_transactions.close_session(db, within, session_id, owner),
            record,
        )

    async def close_sessions(
        self,
        user_id: UserId,
        keep: SessionId | None = None,
        *,
        record: AuditRecord | None,
    ) -> int:
        """See `Store.close_sessions`."""
        return await self._recorded(
            user_id,
            lambda db, within: mongo_transactions.close_sessions(db, within, user_id, keep),
            record,
        )


async def _find_session(db: Database, session_id: SessionId) -> SignedIn | None:
    found = await db.sessions.aggregate([{"$match": {"_id": exactly(session_id)}}, *WITH_USER])
    joined = await found.to_list()
    return documents.signed_in_from(joined[0]) if joined else None
