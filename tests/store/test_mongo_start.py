"""Migrating and opening: who makes the schema, and which servers and schemas are refused."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from keystead.domain.errors import StoreDown
from keystead.domain.user import Role
from keystead.store import SchemaUnknown, mongo_schema, open_store
from keystead.store.mongo_schema import ADMINS, SCHEMA, TTL_SECONDS, VERSION
from tests.databases import TABLES
from tests.databases.mongo import MongoDatabase, MongoServer, free_port, stand_in
from tests.store.mongo_servers import open_mongo
from tests.store.samples import added

REPOSITORY = Path(__file__).parents[2]
MIGRATE = """
import asyncio, sys
from keystead.store import open_store
sys.stdin.readline()
asyncio.run(open_store(sys.argv[1]).migrate())
"""


@pytest.fixture
def virgin(mongo_server: MongoServer) -> MongoDatabase:
    """Name a database that is not there yet."""
    return mongo_server.unmigrated()


@pytest.fixture
async def schema(virgin: MongoDatabase) -> MongoDatabase:
    """Hand out a database of its own, whose schema document may be changed."""
    await migrate(virgin.url)
    return virgin


async def migrate(url: str) -> None:
    await open_store(url).migrate()


async def test_what_was_never_migrated_is_refused_and_left_alone(virgin: MongoDatabase) -> None:
    with pytest.raises(SchemaUnknown, match="run `keystead migrate`"):
        async with open_mongo(virgin.url):
            pass

    assert virgin.db.list_collection_names() == []


async def test_migrating_makes_collections_and_indexes(virgin: MongoDatabase) -> None:
    await migrate(virgin.url)

    assert set(TABLES) == set(virgin.db.list_collection_names())
    assert _indexes(virgin, "users") == {
        ("_id",): {},
        ("email",): {"unique": True},
        ("role", "email"): {},
        ("status", "email"): {},
        ("role", "status", "email"): {},
    }
    assert _indexes(virgin, "sessions") == {
        ("_id",): {},
        ("user_id", "created_at", "_id"): {},
        ("expires_at",): {"expireAfterSeconds": TTL_SECONDS},
    }
    async with open_mongo(virgin.url) as store:
        assert await store.find_fingerprint() is None


async def test_migrating_again_changes_nothing(virgin: MongoDatabase) -> None:
    await migrate(virgin.url)
    async with open_mongo(virgin.url) as store:
        bob = await added(store)
    before = virgin.everything(), _indexes(virgin, "users"), _indexes(virgin, "sessions")

    await migrate(virgin.url)

    assert (virgin.everything(), _indexes(virgin, "users"), _indexes(virgin, "sessions")) == before
    async with open_mongo(virgin.url) as store:
        assert await store.find_user(bob.id) == bob


def test_several_that_migrate_at_once_all_succeed(virgin: MongoDatabase) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, virgin.url],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=REPOSITORY,
        )
        for _ in range(4)
    ]

    said = [process.communicate(b"go\n") for process in processes]

    assert [errors for _, errors in said] == [b""] * 4
    assert [process.returncode for process in processes] == [0] * 4
    found = list(virgin.db.installation.find().sort("_id", 1))
    assert [document["_id"] for document in found] == [ADMINS, SCHEMA]


async def test_several_in_one_process_too(virgin: MongoDatabase) -> None:
    await asyncio.gather(*(migrate(virgin.url) for _ in range(6)))

    async with open_mongo(virgin.url) as store:
        await store.check()


async def test_an_older_schema_has_to_be_migrated_first(schema: MongoDatabase) -> None:
    _say(schema, version=VERSION - 1)

    with pytest.raises(SchemaUnknown, match="run `keystead migrate`"):
        async with open_mongo(schema.url):
            pass
    await migrate(schema.url)

    async with open_mongo(schema.url) as store:
        await store.check()


async def test_a_newer_schema_that_this_version_can_work_with_is_used_and_kept(
    schema: MongoDatabase,
) -> None:
    _say(schema, version=VERSION + 1)

    await migrate(schema.url)
    async with open_mongo(schema.url) as store:
        await added(store)

    kept = schema.db.installation.find_one({"_id": SCHEMA})
    assert kept is not None
    assert kept["version"] == VERSION + 1


async def test_the_next_version_does_not_lock_this_one_out(
    schema: MongoDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(mongo_schema, "VERSION", VERSION + 1)
        await migrate(schema.url)

    async with open_mongo(schema.url) as store:
        await added(store)


@pytest.mark.parametrize("how", ["open", "migrate"])
async def test_a_schema_that_needs_newer_code_is_refused(schema: MongoDatabase, how: str) -> None:
    _say(schema, version=VERSION + 2, oldest_code=VERSION + 1)
    store = open_store(schema.url)

    with pytest.raises(SchemaUnknown, match="newer version"):
        await getattr(store, how)()

    await store.close()


@pytest.mark.parametrize("how", ["open", "migrate"])
async def test_a_server_that_is_no_replica_set_is_refused_with_what_to_do(
    tmp_path: Path, mongo_server: MongoServer, how: str
) -> None:
    del mongo_server  # Asked for only so that this is skipped where there is none.
    with stand_in(tmp_path, "--standalone") as alone:
        store = open_store(f"{alone.url}keystead")
        with pytest.raises(SchemaUnknown, match=r"mongod --replSet rs0.*rs\.initiate\(\)"):
            await getattr(store, how)()
        await store.close()


@pytest.mark.parametrize("how", ["open", "migrate"])
async def test_a_server_that_is_not_there_is_down(how: str) -> None:
    store = open_store(f"mongodb://127.0.0.1:{free_port()}/keystead")

    async with asyncio.timeout(6):
        with pytest.raises(StoreDown) as down:
            await getattr(store, how)()
        await store.close()

    assert down.value.__cause__ is not None


async def test_a_lost_guard_is_noticed_before_it_is_needed(schema: MongoDatabase) -> None:
    schema.db.installation.delete_one({"_id": ADMINS})

    with pytest.raises(SchemaUnknown, match="run `keystead migrate`"):
        async with open_mongo(schema.url):
            pass
    await migrate(schema.url)

    async with open_mongo(schema.url) as store:
        await store.check()


async def test_a_guard_that_is_lost_while_it_runs_lets_no_admin_go(schema: MongoDatabase) -> None:
    async with open_mongo(schema.url) as store:
        ada = await added(store, "ada@example.com", Role.ADMIN)
        await added(store, "ann@example.com", Role.ADMIN)
        schema.db.installation.delete_one({"_id": ADMINS})

        with pytest.raises(StoreDown):
            await store.delete_user(ada.id, record=None)

        assert await store.find_user(ada.id) == ada


def _say(database: MongoDatabase, **values: int) -> None:
    database.db.installation.update_one({"_id": SCHEMA}, {"$set": values})


def _indexes(database: MongoDatabase, collection: str) -> dict[tuple[str, ...], dict[str, object]]:
    return {
        tuple(dict(index["key"])): {
            name: value
            for name, value in index.items()
            if name in {"unique", "expireAfterSeconds", "collation", "partialFilterExpression"}
        }
        for index in database.db[collection].list_indexes()
    }
