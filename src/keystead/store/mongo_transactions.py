"""
What takes more than one document: the steps inside a transaction.

Transactions read one snapshot, so two that read the same and write different documents would both
be let through. Those that must not both be right therefore write one document in common: the user
for sign-ins, disabling and deletion, and `ADMINS` for whatever takes an admin away. The later one
then fails, and is tried again on what the first one left.
"""

from datetime import datetime

from pymongo import ReturnDocument

from keystead.domain.errors import LastAdmin, StoreDown
from keystead.domain.session import Session, SessionId
from keystead.domain.user import Role, Status, User, UserId
from keystead.store.mongo_connection import Collection, Database, Transaction
from keystead.store.mongo_documents import USER, Document, exactly, from_session, user_from
from keystead.store.mongo_schema import ADMINS

NEWEST_FIRST = [("created_at", -1), ("_id", -1)]

ACTIVE_ADMIN = {"role": Role.ADMIN.value, "status": Status.ACTIVE.value}


async def add_user(db: Database, within: Transaction, new: Document) -> bool:
    """Keep a new user. Returns: True; what is taken already is the driver's error."""
    await db.users.insert_one(new, session=within)
    return True


async def change_user(
    db: Database, within: Transaction, user_id: UserId, changes: Document
) -> User | None:
    """Return the user as changed, or None if there is none."""
    found = await db.users.find_one_and_update(
        {"_id": exactly(user_id)},
        {"$set": changes},
        USER,
        return_document=ReturnDocument.AFTER,
        session=within,
    )
    return None if found is None else user_from(found)


async def find_dispensable(db: Database, within: Transaction, user_id: UserId) -> User | None:
    """
    Return the user, whose loss will leave an admin: until the transaction ends, nobody else goes.

    Raises: LastAdmin.
    """
    found = await db.users.find_one({"_id": exactly(user_id)}, USER, session=within)
    if found is None:
        return None
    user = user_from(found)
    if user.is_active and user.role is Role.ADMIN:
        counted = await db.installation.update_one(
            {"_id": ADMINS}, {"$inc": {"changes": 1}}, session=within
        )
        if not counted.matched_count:  # Without it, two at once would not notice one another.
            raise StoreDown from LookupError(f"no {ADMINS!r} in installation: run keystead migrate")
        others = {**ACTIVE_ADMIN, "_id": {"$ne": user_id}}
        if await db.users.find_one(others, {"_id": 1}, session=within) is None:
            raise LastAdmin
    return user


async def change_status(
    db: Database, within: Transaction, user_id: UserId, status: Status, now: datetime
) -> User | None:
    """
    Enable or disable a user; whoever is disabled is signed out. As `change_user` otherwise.

    Raises: LastAdmin.
    """
    if status is not Status.ACTIVE:
        await find_dispensable(db, within, user_id)
        await close_sessions(db, within, user_id)
    changes = {"status": status.value, "updated_at": now}
    return await change_user(db, within, user_id, changes)


async def delete_user(db: Database, within: Transaction, user_id: UserId) -> User | None:
    """
    Remove a user with their sessions. Returns: the user as they were, or None if there is none.

    Raises: LastAdmin.
    """
    user = await find_dispensable(db, within, user_id)
    if user is not None:
        await db.users.delete_one({"_id": exactly(user_id)}, session=within)
        await close_sessions(db, within, user_id)
    return user


async def renew(db: Database, within: Transaction, session_id: SessionId, now: datetime) -> bool:
    """Note that the owner of a live session proved the password. Returns: False if there is none."""
    live = {"_id": exactly(session_id), "expires_at": {"$gt": now}}
    renewal = {"$set": {"authenticated_at": now}}
    return (await db.sessions.update_one(live, renewal, session=within)).matched_count == 1


async def close_session(
    db: Database, within: Transaction, session_id: SessionId, owner: UserId | None
) -> bool:
    """End one session, of *owner* only if given. Returns: whether there was one to end."""
    owned: Document = {} if owner is None else {"user_id": exactly(owner)}
    one = {"_id": exactly(session_id), **owned}
    return (await db.sessions.delete_one(one, session=within)).deleted_count == 1


async def close_sessions(
    db: Database, within: Transaction, user_id: UserId, keep: SessionId | None = None
) -> int:
    """End all sessions of a user but *keep*. Returns: how many."""
    mine: Document = {"user_id": exactly(user_id)}
    if keep is not None:
        mine["_id"] = {"$not": exactly(keep)}
    return (await db.sessions.delete_many(mine, session=within)).deleted_count


async def open_session(db: Database, within: Transaction, session: Session, cap: int) -> bool:
    """Keep a new session of an active user, and end the oldest ones beyond *cap*."""
    signing_in = await db.users.update_one(
        {"_id": exactly(session.user_id), "status": Status.ACTIVE.value},
        {"$inc": {"sign_ins": 1}},
        session=within,
    )
    if not signing_in.matched_count:
        return False
    # The new session stays, whatever its place among those of the same millisecond.
    before = db.sessions.find({"user_id": session.user_id}, {"_id": 1}, session=within)
    oldest = await before.sort(NEWEST_FIRST).skip(cap - 1).to_list()
    if oldest:
        await db.sessions.delete_many(_these(oldest), session=within)
    await db.sessions.insert_one(from_session(session), session=within)
    return True


async def purge(kept: Collection, within: Transaction, now: datetime, limit: int) -> int:
    """Remove up to *limit* documents that are over. Returns: how many."""
    over = kept.find({"expires_at": {"$lte": now}}, {"_id": 1}, session=within)
    oldest = await over.sort("expires_at", 1).limit(limit).to_list()
    if not oldest:
        return 0
    return (await kept.delete_many(_these(oldest), session=within)).deleted_count


def _these(found: list[Document]) -> Document:
    return {"_id": {"$in": [one["_id"] for one in found]}}
