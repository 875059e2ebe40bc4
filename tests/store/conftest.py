"""What the stores' own tests work on: a file, or the database that the run is on."""

from pathlib import Path
from typing import cast

import pytest

from tests.databases import Database, Server
from tests.databases.mongo import MongoDatabase, MongoServer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the embedded store will be."""
    return tmp_path / "keystead.db"


@pytest.fixture(scope="session")
def mongo_server(server_of_databases: Server) -> MongoServer:
    return cast("MongoServer", server_of_databases)


@pytest.fixture
def mongo(database: Database) -> MongoDatabase:
    """Give the test its own database, empty and migrated."""
    return cast("MongoDatabase", database)
