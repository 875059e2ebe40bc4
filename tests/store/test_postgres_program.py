"""The program that is started, on PostgreSQL: refused before it is migrated, and served after."""

import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases.postgres import PostgresDatabase, database_on
from tests.server.running import Server, free_port, keystead, running


@pytest.fixture
def empty(postgres: PostgresDatabase) -> Iterator[str]:
    with database_on(postgres.url, f"keystead_test_program_{os.getpid()}") as url:
        yield url


def test_a_start_is_refused_until_keystead_migrate_has_run(tmp_path: Path, empty: str) -> None:
    refused = keystead(tmp_path, "serve", "--port", str(free_port()), DB_URL=empty)

    assert refused.returncode == 1
    assert refused.stderr == "keystead: the database has no schema: run `keystead migrate`\n"
    assert not list(tmp_path.iterdir())

    for _ in range(2):
        migrated = keystead(tmp_path, "migrate", DB_URL=empty)
        assert (migrated.returncode, migrated.stderr) == (0, "")
        assert migrated.stdout == "The database has the newest schema.\n"
    assert not list(tmp_path.iterdir())

    with running(tmp_path, DB_URL=empty, KEYSTEAD_WORKERS="2") as server:
        asyncio.run(_is_served(server))
        assert re.search("Secrets +keystead.secrets.json", server.output)


async def _is_served(server: Server) -> None:
    async with server.client() as client:
        ada = await server.person("ada", client)
        assert (await ada.refresh()).status_code == 200
        for _ in range(20):  # Whichever process answers.
            assert await ada.is_signed_in()


def test_a_server_that_is_away_is_said_to_be_and_nothing_of_the_password(tmp_path: Path) -> None:
    away = f"postgresql://ada:hunter2@127.0.0.1:{free_port()}/x"

    refused = keystead(tmp_path, "users", "list", DB_URL=away)

    assert refused.returncode == 1
    assert "Connect call failed" in refused.stderr
    assert "hunter2" not in refused.stderr
