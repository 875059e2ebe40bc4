"""Which of the stores' own tests run: those of the database that the suite runs on."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.databases import NoServer
from tests.databases.mongo import MongoDatabase, MongoServer
from tests.databases.mongo import serving as serving_mongo
from tests.databases.postgres import PostgresDatabase, PostgresServer
from tests.databases.postgres import serving as serving_postgres
from tests.server.fault_proxy import FaultProxy, fault_proxy

STORE = os.environ.get("KEYSTEAD_TEST_STORE", "sqlite")
STORES = {"sqlite", "postgres", "mongo"}


def pytest_report_header() -> str:
    return f"tests/store: test_{STORE}*.py and what is no store's own (make test STORE=...)"


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave `test_<store>*.py` to the runs on that store."""
    others = tuple(f"test_{store}" for store in STORES - {STORE})
    return True if collection_path.name.startswith(others) else None


@pytest.fixture(scope="session")
def mongo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoServer]:
    try:
        with serving_mongo(tmp_path_factory.mktemp("mongo")) as server:
            yield server
    except NoServer as reason:
        give_up(reason)


@pytest.fixture
def mongo(mongo_server: MongoServer, tmp_path: Path) -> Iterator[MongoDatabase]:
    """Give the test its own database, empty and migrated."""
    with mongo_server.fresh(tmp_path) as database:
        yield database


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    try:
        with serving_postgres(tmp_path_factory.mktemp("postgres")) as server:
            yield server
    except NoServer as reason:
        give_up(reason)


@pytest.fixture
def postgres(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[PostgresDatabase]:
    """An empty, migrated database."""
    with postgres_server.fresh(tmp_path) as database:
        yield database


@pytest.fixture
def wire(postgres: PostgresDatabase) -> Iterator[FaultProxy]:
    """What the connections of a test can go through, to break on the way."""
    with fault_proxy(urlsplit(postgres.url).port or 5432) as proxy:
        yield proxy


def give_up(reason: NoServer) -> None:
    """Skip the test with the reason; fail it where every server has to be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(str(reason))
    pytest.skip(str(reason))
