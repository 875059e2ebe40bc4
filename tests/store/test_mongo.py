"""The store on MongoDB keeps every promise; what only it promises is in the other files here."""

from collections.abc import AsyncIterator

import pytest

from keystead.domain.store import Store
from tests.databases.mongo import MongoDatabase
from tests.store.contract import StoreContract
from tests.store.mongo_servers import open_mongo

# Seconds: the stand-in is written in Python, and hundreds of transactions take it a while.
pytestmark = pytest.mark.timeout(240)


class TestMongo(StoreContract):
    @pytest.fixture
    async def store(self, mongo: MongoDatabase) -> AsyncIterator[Store]:
        async with open_mongo(mongo.url) as store:
            yield store

    @pytest.fixture
    async def another_store(self, mongo: MongoDatabase) -> AsyncIterator[Store]:
        async with open_mongo(mongo.url) as store:
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
