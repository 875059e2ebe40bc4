"""What the stores' own tests work on: a file, or the database that the run is on."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import pytest

from tests.databases import Database, Server
from tests.databases.mongo import MongoDatabase, MongoServer
from tests.databases.postgres import PostgresDatabase, PostgresServer
from tests.server.fault_proxy import FaultProxy, fault_proxy


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the embedded store will be."""
    return tmp_path / "keystead.db"


@pytest.fixture(scope="session")
def postgres_server(server_of_databases: Server) -> PostgresServer:
    return cast("PostgresServer", server_of_databases)


@pytest.fixture
def postgres(database: Database) -> PostgresDatabase:
    """An empty, migrated database."""
    return cast("PostgresDatabase", database)


@pytest.fixture
def wire(postgres: PostgresDatabase) -> Iterator[FaultProxy]:
    """What the connections of a test can go through, to break on the way."""
    with fault_proxy(urlsplit(postgres.url).port or 5432) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def mongo_server(server_of_databases: Server) -> MongoServer:
    return cast("MongoServer", server_of_databases)


@pytest.fixture
def mongo(database: Database) -> MongoDatabase:
    """An empty, migrated database."""
    return cast("MongoDatabase", database)
