"""The tests of PostgreSQL alone run when it is chosen: `make test STORE=postgres`."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.databases import NoServer
from tests.server.fault_proxy import FaultProxy, fault_proxy

IS_POSTGRES = os.environ.get("KEYSTEAD_TEST_STORE") == "postgres"

collect_ignore_glob = [] if IS_POSTGRES else ["test_postgres*.py"]

if IS_POSTGRES:
    from tests.databases.postgres import PostgresDatabase, PostgresServer, serving

    @pytest.fixture(scope="session")
    def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
        try:
            with serving(tmp_path_factory.mktemp("postgres")) as server:
                yield server
        except NoServer as missing:
            if os.environ.get("CI") == "true":
                pytest.fail(str(missing))
            pytest.skip(str(missing))

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
