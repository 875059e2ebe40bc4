"""
PostgreSQL keeps every promise; what only it promises is in the other files here.

A server that does not answer at all is in `test_postgres_outage.py`: each verb waits 4.5 s for it.
"""

import os
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import pytest

from keystead.domain.store import Store
from keystead.domain.transfer import Transfer
from keystead.store import SchemaUnknown
from keystead.store.postgres import PostgresStore
from tests.databases.postgres import PostgresDatabase, database_on
from tests.server.fault_proxy import FaultProxy
from tests.store.contract import StoreContract
from tests.store.contract_admins import AdminPromises
from tests.store.postgres_stores import open_postgres, over


class TestPostgres(StoreContract):
    @pytest.fixture
    async def store(self, postgres: PostgresDatabase) -> AsyncIterator[Store]:
        async with open_postgres(postgres.url) as store:
            yield store

    @pytest.fixture
    async def another_store(self, postgres: PostgresDatabase) -> AsyncIterator[Store]:
        async with open_postgres(postgres.url) as store:
            yield store

    @pytest.fixture
    async def closed_store(self, postgres: PostgresDatabase) -> Store:
        async with open_postgres(postgres.url) as store:
            return store

    @pytest.fixture(params=["tables taken away", "server gone"])
    async def unusable_store(
        self, request: pytest.FixtureRequest, postgres: PostgresDatabase, wire: FaultProxy
    ) -> AsyncIterator[Store]:
        async with open_postgres(over(wire, postgres)) as store:
            await store.check()
            if request.param == "server gone":
                wire.refuse()
                yield store
            else:
                with postgres.broken():
                    yield store

    @pytest.fixture
    async def reading_store(self, postgres: PostgresDatabase) -> AsyncIterator[Transfer]:
        store = PostgresStore(postgres.url, 1)
        yield store
        await store.close()

    @pytest.fixture
    async def store_on_nothing(self, postgres: PostgresDatabase) -> AsyncIterator[Transfer]:
        with database_on(postgres.url, f"keystead_nothing_{os.getpid()}") as url:
            store = PostgresStore(url, 1)
            yield store
            with pytest.raises(SchemaUnknown):
                await store.open()
            await store.close()


class TestPostgresThatLooksForNoDeadlock(AdminPromises):
    """What takes turns must not need the server to break a deadlock, which takes it a second."""

    @pytest.fixture
    def patient(self, postgres: PostgresDatabase) -> Iterator[str]:
        name = urlsplit(postgres.url).path[1:]
        postgres.run(f"ALTER DATABASE {name} SET deadlock_timeout = '1min'")
        yield postgres.url
        postgres.run(f"ALTER DATABASE {name} RESET deadlock_timeout")

    @pytest.fixture
    async def store(self, patient: str) -> AsyncIterator[Store]:
        async with open_postgres(patient) as store:
            yield store

    @pytest.fixture
    async def another_store(self, patient: str) -> AsyncIterator[Store]:
        async with open_postgres(patient) as store:
            yield store
