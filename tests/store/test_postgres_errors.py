"""What the server says, by SQLSTATE: again, not now, or a bug of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import pytest

from keystead.domain.errors import StoreDown
from keystead.store.postgres_errors import is_down
from tests.databases.postgres import PostgresDatabase
from tests.store.postgres_stores import connector_of, open_postgres, pool_of
from tests.store.samples import HASH, NOW, added, new_session, new_user

DOWN = ["08006", "53100", "53200", "53300", "57P01", "57P02", "57P03", "57014", "25006", "28P01",
        "28000", "3D000", "42P01", "58030", "XX001", "55P03"]  # fmt: skip
BUGS = ["22001", "22P02", "23502", "23503", "23514", "42601", "42703", "42804"]


@contextmanager
def raising(database: PostgresDatabase, code: str, times: int = 10**6) -> Iterator[None]:
    """Let the first *times* inserts into `sessions` fail with the SQLSTATE *code*."""
    database.run("CREATE SEQUENCE refusals")
    database.run(f"""
        CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN
            IF nextval('refusals') <= {times} THEN
                RAISE EXCEPTION 'of the test' USING ERRCODE = '{code}';
            END IF;
            RETURN NEW;
        END $$ LANGUAGE plpgsql
    """)
    database.run(
        "CREATE TRIGGER refuse BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    try:
        yield
    finally:
        database.run("DROP FUNCTION refuse CASCADE")
        database.run("DROP SEQUENCE refusals")


@pytest.mark.parametrize("code", ["40001", "40P01"])
async def test_what_lost_a_race_is_tried_three_times_more(
    postgres: PostgresDatabase, code: str
) -> None:
    async with open_postgres(postgres.url) as store:
        bob = await added(store)
        session = new_session(bob)
        with raising(postgres, code, times=3):
            assert await store.open_session(session, 50, record=None)

        with raising(postgres, code, times=4), pytest.raises(StoreDown) as down:
            await store.open_session(new_session(bob), 50, record=None)

        assert isinstance(down.value.__cause__, asyncpg.PostgresError)
        assert await store.list_sessions(bob.id, NOW) == [session]


@pytest.mark.parametrize("code", DOWN)
async def test_what_says_not_now_is_down_and_everything_works_afterwards(
    postgres: PostgresDatabase, code: str
) -> None:
    async with open_postgres(postgres.url, 1) as store:
        bob = await added(store)
        with raising(postgres, code), pytest.raises(StoreDown) as down:
            await store.open_session(new_session(bob), 50, record=None)

        assert getattr(down.value.__cause__, "sqlstate", None) == code
        assert await store.open_session(new_session(bob), 50, record=None)


@pytest.mark.parametrize("code", BUGS)
async def test_what_is_a_bug_of_ours_is_said_to_be_one(
    postgres: PostgresDatabase, code: str
) -> None:
    async with open_postgres(postgres.url, 1) as store:
        bob = await added(store)
        with raising(postgres, code), pytest.raises(asyncpg.PostgresError):
            await store.open_session(new_session(bob), 50, record=None)

        # Its connection is as good as before.
        assert pool_of(store)._made == 1
        assert await store.open_session(new_session(bob), 50, record=None)


async def test_what_the_driver_cannot_send_is_a_bug_and_not_an_outage(
    postgres: PostgresDatabase,
) -> None:
    async with open_postgres(postgres.url) as store:
        with pytest.raises(asyncpg.DataError) as bug:
            await store._read("SELECT $1::bigint", ("no number",))

        assert not is_down(bug.value)
        await store.check()


async def test_a_server_that_became_read_only_still_reads_and_is_left_for_another_one(
    postgres: PostgresDatabase,
) -> None:
    user = new_user()
    name = postgres.run("SELECT current_database() AS name")[0]["name"]
    postgres.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    try:
        async with open_postgres(postgres.url) as store:
            with pytest.raises(StoreDown):
                await store.add_user(user, HASH, record=None)
            assert await store.find_user(user.id) is None

            postgres.run(f"ALTER DATABASE {name} RESET default_transaction_read_only")
            # The connections there are keep what they began with: the first write finds that out.
            with pytest.raises(StoreDown):
                await store.add_user(user, HASH, record=None)
            assert await store.add_user(user, HASH, record=None)
    finally:
        postgres.run(f"ALTER DATABASE {name} RESET default_transaction_read_only")


async def test_a_statement_that_no_longer_fits_a_changed_schema_is_prepared_anew(
    postgres: PostgresDatabase,
) -> None:
    async with open_postgres(postgres.url) as store:
        bob = await added(store)
        assert await store.find_user(bob.id) == bob
        generation = connector_of(store).generation
        postgres.run("ALTER TABLE users ALTER role TYPE varchar")
        try:
            assert await store.find_user(bob.id) == bob
            assert connector_of(store).generation == generation + 1
        finally:
            postgres.run('ALTER TABLE users ALTER role TYPE text COLLATE "C"')


async def test_a_wrong_password_and_a_missing_database_are_down(
    postgres: PostgresDatabase,
) -> None:
    for url in (
        postgres.url.replace("/keystead_test", "/missing_keystead_test"),
        postgres.url.replace("keystead@", "nobody_of_that_name@"),
    ):
        with pytest.raises(StoreDown) as down:
            async with open_postgres(url):
                pass
        assert isinstance(down.value.__cause__, asyncpg.PostgresError)
