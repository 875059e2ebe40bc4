"""The store on MongoDB keeps every promise; what only it promises is in the other files here."""

from collections.abc import AsyncIterator

import pytest

from keystead.domain.store import Store
from keystead.domain.transfer import Transfer
from keystead.store.mongo import MongoStore
from tests.databases.mongo import MongoDatabase, MongoServer
from tests.store.contract import StoreContract
from tests.store.mongo_servers import open_mongo

PATIENCE_SECONDS = 30
"""
For a hundred callers at once, whose outcome counts here: on a busy machine it takes the stand-in more
than the five seconds. Whoever is told that the database is down is told in time all the same: the
stores below that are not in order have no more patience than the product, nor has test_mongo_outage.
"""


class TestMongo(StoreContract):
    @pytest.fixture
    async def store(self, mongo: MongoDatabase) -> AsyncIterator[Store]:
        async with open_mongo(mongo.url) as store:
            store._connection._answer_seconds = PATIENCE_SECONDS
            yield store

    @pytest.fixture
    async def another_store(self, mongo: MongoDatabase) -> AsyncIterator[Store]:
        async with open_mongo(mongo.url) as store:
            store._connection._answer_seconds = PATIENCE_SECONDS
            yield store

    @pytest.fixture
    async def closed_store(self, mongo: MongoDatabase) -> Store:
        async with open_mongo(mongo.url) as store:
            return store

    @pytest.fixture
    async def unusable_store(self, mongo: MongoDatabase) -> AsyncIterator[Store]:
        async with open_mongo(mongo.url) as store:
            with mongo.broken():
                yield store

    @pytest.fixture
    async def reading_store(self, mongo: MongoDatabase) -> AsyncIterator[Transfer]:
        store = MongoStore(mongo.url, 1)
        yield store
        await store.close()

    @pytest.fixture
    async def store_on_nothing(self, mongo_server: MongoServer) -> AsyncIterator[Transfer]:
        database = mongo_server.unmigrated()
        store = MongoStore(database.url, 1)
        yield store
        await store.close()
        assert database.db.list_collection_names() == []
