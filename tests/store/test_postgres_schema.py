"""Which schema is worked with, and how it is brought up to date."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from keystead.domain.errors import StoreDown
from keystead.store import SchemaUnknown
from keystead.store.migrations import HEAD
from keystead.store.migrations.run import script
from keystead.store.postgres import PostgresStore
from tests.databases.postgres import Beside, PostgresDatabase, beside, database_on
from tests.store.postgres_stores import open_postgres
from tests.store.samples import added

REPOSITORY = Path(__file__).parents[2]

MIGRATE = """
import asyncio, sys
from keystead.store import open_store
print("ready", flush=True)
sys.stdin.readline()
asyncio.run(open_store(sys.argv[1]).migrate())
"""


@pytest.fixture
def empty(postgres: PostgresDatabase) -> Iterator[str]:
    """A database without a schema, on the same server."""
    with database_on(postgres.url, f"keystead_test_empty_{os.getpid()}") as url:
        yield url


@pytest.fixture
def asked(empty: str) -> Iterator[Beside]:
    with beside(empty) as found:
        yield found


def ask(found: Beside, query: str) -> object:
    return found.run(found.connection.fetchval(query))


async def refusal(url: str) -> str:
    with pytest.raises(SchemaUnknown) as refused:
        async with open_postgres(url):
            pass
    return str(refused.value)


async def test_an_unmigrated_database_is_refused_and_left_as_it_is(
    empty: str, asked: Beside
) -> None:
    assert await refusal(empty) == "the database has no schema: run `keystead migrate`"

    assert ask(asked, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


async def test_migrating_makes_the_schema_and_again_changes_nothing(
    empty: str, asked: Beside
) -> None:
    for _ in range(2):
        await PostgresStore(empty, 1).migrate()
        async with open_postgres(empty) as store:
            await store.check()

    assert ask(asked, "SELECT version_num FROM alembic_version") == HEAD


def test_of_several_processes_that_migrate_at_once_one_does(empty: str, asked: Beside) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, empty],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=REPOSITORY,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"

    answers = [process.communicate(b"go\n") for process in processes]

    assert [errors for _, errors in answers] == [b""] * 4
    assert [process.returncode for process in processes] == [0] * 4
    assert ask(asked, "SELECT count(*) FROM alembic_version") == 1


async def test_a_migration_that_fails_leaves_nothing_behind(empty: str, asked: Beside) -> None:
    ask(asked, "CREATE TABLE leases (name text)")  # In the way of the third of four tables.

    with pytest.raises(Exception, match="already exists"):
        await PostgresStore(empty, 1).migrate()

    assert ask(asked, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 1


async def test_an_older_schema_asks_for_migration(empty: str, asked: Beside) -> None:
    await PostgresStore(empty, 1).migrate()
    ask(asked, "UPDATE alembic_version SET version_num = '0000'")

    assert "older version (0000): run `keystead migrate`" in await refusal(empty)


async def test_a_newer_schema_is_worked_with_until_it_says_otherwise(
    empty: str, asked: Beside
) -> None:
    await PostgresStore(empty, 1).migrate()
    ask(asked, "UPDATE alembic_version SET version_num = '9998'")
    ask(asked, "ALTER TABLE users ADD COLUMN newer text DEFAULT 'x' NOT NULL")

    async with open_postgres(empty) as store:
        bob = await added(store)
        ask(asked, f"INSERT INTO installation VALUES ('oldest_code', '{HEAD}')")
    async with open_postgres(empty) as store:
        assert await store.find_user(bob.id) == bob
    await PostgresStore(empty, 1).migrate()
    assert ask(asked, "SELECT version_num FROM alembic_version") == "9998"

    ask(asked, "UPDATE installation SET value = '9998' WHERE name = 'oldest_code'")
    assert "newer version of Keystead" in await refusal(empty)
    with pytest.raises(SchemaUnknown, match="newer version"):
        await PostgresStore(empty, 1).migrate()


async def test_a_server_that_is_away_is_down_for_migrating_and_opening(
    postgres: PostgresDatabase,
) -> None:
    away = postgres.url.replace("/keystead_test", "/away_keystead_test")
    with pytest.raises(StoreDown):
        await PostgresStore(away, 1).migrate()
    store = PostgresStore(away, 1)
    with pytest.raises(StoreDown):
        await store.open()
    await store.close()


async def test_an_encoding_without_every_letter_is_refused(postgres: PostgresDatabase) -> None:
    options = "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
    with (
        database_on(postgres.url, f"keystead_test_latin1_{os.getpid()}", options) as url,
        pytest.raises(SchemaUnknown, match="has the encoding LATIN1"),
    ):
        await PostgresStore(url, 1).migrate()


def test_every_text_that_is_compared_is_compared_by_code_point() -> None:
    made = script(None)

    for column in ("id", "email", "user_id", "role", "status", "name"):
        columns = [line.strip() for line in made.splitlines() if line.startswith(f"    {column} ")]
        assert columns
        assert all('COLLATE "C"' in line for line in columns)


def test_the_order_of_addresses_does_not_depend_on_the_language_of_the_database(
    postgres: PostgresDatabase,
) -> None:
    asking = (
        "SELECT column_name, collation_name FROM information_schema.columns "
        "WHERE table_name = 'users'"
    )
    collations = {row["column_name"]: row["collation_name"] for row in postgres.run(asking)}
    assert collations["email"] == collations["id"] == "C"
