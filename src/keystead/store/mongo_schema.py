"""
Collections and indexes: made by `migrate`, looked at by `open`.

Every step can be repeated and run by several at once, so there is no lock that somebody could leave
behind. `installation` says how far the database has come, and which code can still work with it.
"""

from contextlib import suppress

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError, OperationFailure

from keystead.store.migrations import SchemaUnknown
from keystead.store.mongo_connection import Database
from keystead.store.mongo_documents import Document

VERSION = 2
"""What the code of this version expects."""

OLDEST_CODE = 1
"""
The oldest version whose code can go on after `migrate`. It stays behind `VERSION` as long as documents
only gain what older code does not look at, so that hosts can be upgraded one after another.
"""

SCHEMA = "schema"
"""The document of `installation` with `version`, and `oldest_code`: the oldest that works with it."""

ADMINS = "admins"
"""The document of `installation` that whatever takes an admin away writes."""

TTL_SECONDS = 24 * 60 * 60
"""The server removes what expires this long after it is over, if no purge of ours has."""

NAMESPACE_EXISTS = 48

USER_INDEXES = [
    IndexModel([("email", ASCENDING)], name="users_by_email", unique=True),
    IndexModel([("role", ASCENDING), ("email", ASCENDING)], name="users_by_role"),
    IndexModel([("status", ASCENDING), ("email", ASCENDING)], name="users_by_status"),
    IndexModel(
        [("role", ASCENDING), ("status", ASCENDING), ("email", ASCENDING)],
        name="users_by_role_and_status",
    ),
]
SESSION_INDEXES = [
    IndexModel(
        [("user_id", ASCENDING), ("created_at", ASCENDING), ("_id", ASCENDING)],
        name="sessions_of_user",
    ),
    IndexModel(
        [("expires_at", ASCENDING)], name="sessions_by_expiry", expireAfterSeconds=TTL_SECONDS
    ),
]
ATTEMPT_INDEXES = [
    IndexModel(
        [("expires_at", ASCENDING)], name="attempts_by_expiry", expireAfterSeconds=TTL_SECONDS
    ),
]
AUDIT_INDEXES = [
    IndexModel([("seq", ASCENDING)], name="audit_by_seq", unique=True, sparse=True),
    IndexModel([("seq", ASCENDING), ("_id", ASCENDING)], name="audit_unsealed"),
    IndexModel([("untrimmed", ASCENDING)], name="audit_untrimmed", sparse=True),
    IndexModel([("actor", ASCENDING), ("_id", ASCENDING)], name="audit_by_actor"),
    IndexModel([("subject", ASCENDING), ("_id", ASCENDING)], name="audit_by_subject"),
    IndexModel([("name", ASCENDING), ("_id", ASCENDING)], name="audit_by_name"),
]


class NoTransactions(SchemaUnknown):
    """The server is alone: only members of a replica set and routers have transactions."""

    def __init__(self) -> None:
        super().__init__(
            "this MongoDB server is no member of a replica set, and has no transactions. One server "
            "is enough for one: start it as `mongod --replSet rs0`, say `rs.initiate()` once in "
            "mongosh, and add replicaSet=rs0 to DB_URL"
        )


async def check_server(db: Database) -> None:
    """
    Look whether the server has transactions.

    Raises: NoTransactions.
    """
    hello = await db.client.admin.command("hello")
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise NoTransactions


async def check_schema(db: Database) -> None:
    """
    Look whether this version can work with the database.

    Raises: SchemaUnknown.
    """
    found = await _find_schema(db)
    guard = await db.installation.find_one({"_id": ADMINS})
    if found is None or found["version"] < VERSION or guard is None:
        raise SchemaUnknown(
            "the database has no schema of this version yet: run `keystead migrate`"
        )
    _refuse_if_too_new(found)


async def has_schema(db: Database) -> bool:
    """
    Say whether there is a schema that this version can work with, or none at all.

    Raises: SchemaUnknown: as `check_schema`, but for a database without one.
    """
    if await _find_schema(db) is None:
        return False
    await check_schema(db)
    return True


async def migrate(db: Database) -> None:
    """
    Make whatever is missing.

    Raises: SchemaUnknown: a newer version made it, and this one cannot work with it.
    """
    found = await _find_schema(db)
    if found is not None:
        _refuse_if_too_new(found)
        if found["version"] > VERSION:
            return
    await db.users.create_indexes(USER_INDEXES)
    await db.sessions.create_indexes(SESSION_INDEXES)
    await db.attempts.create_indexes(ATTEMPT_INDEXES)
    await db.audit.create_indexes(AUDIT_INDEXES)
    # A transaction could not make a collection that is missing on every kind of server.
    await _create(db, "leases")
    await _add(db, {"_id": ADMINS, "changes": 0})
    # Last: whoever finds it finds everything else.
    reached = {"version": VERSION, "oldest_code": OLDEST_CODE}
    await _add(db, {"_id": SCHEMA, **reached})
    await db.installation.update_one({"_id": SCHEMA}, {"$max": reached})


async def _find_schema(db: Database) -> Document | None:
    return await db.installation.find_one({"_id": SCHEMA})


def _refuse_if_too_new(found: Document) -> None:
    if found["oldest_code"] > VERSION:
        raise SchemaUnknown(
            "the database was migrated by a newer version of Keystead, which this one cannot work "
            "with: use that version, or restore a back-up from before"
        )


async def _create(db: Database, collection: str) -> None:
    try:
        await db.create_collection(collection, check_exists=False)
    except OperationFailure as error:
        if error.code != NAMESPACE_EXISTS:
            raise


async def _add(db: Database, document: Document) -> None:
    with suppress(DuplicateKeyError):  # It is there already.
        await db.installation.insert_one(document)
