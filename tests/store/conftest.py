"""Which of the stores' own tests run: those of the database that the suite runs on."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import NoServer
from tests.databases.mongo import MongoDatabase, MongoServer, serving

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
        with serving(tmp_path_factory.mktemp("mongo")) as server:
            yield server
    except NoServer as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(str(reason))
        pytest.skip(str(reason))


@pytest.fixture
def mongo(mongo_server: MongoServer, tmp_path: Path) -> Iterator[MongoDatabase]:
    """Give the test its own database, empty and migrated."""
    with mongo_server.fresh(tmp_path) as database:
        yield database
