"""The database that the run is on keeps the promises that all other tests rely on."""

from pathlib import Path

import pytest

from keystead.assembly import open_tools
from keystead.domain.errors import StoreDown
from keystead.domain.session import SessionId
from keystead.domain.user import PasswordHash, UserQuery
from keystead.flows.tools import Tools
from keystead.settings import Settings
from tests.conftest import CHEAPEST_ARGON2
from tests.databases import TABLES, Database, Row, Server, content, settings_of
from tests.databases.postgres import PostgresServer
from tests.databases.sqlite import SqliteDatabase
from tests.store.samples import LISBON, NOW, added, new_session, new_user, opened

NOW_MS = 1_767_268_800_000


def user_row(number: int) -> Row:
    return {
        "id": f"00000000-0000-7000-8000-{number:012}",
        "email": f"person{number:06}@example.com",
        "role": "user",
        "status": "active",
        "created_at": NOW_MS,
        "updated_at": NOW_MS,
        "password_hash": "x",
        "pepper_id": None,
    }


async def test_a_new_one_has_its_tables_and_nothing_in_them(
    tools: Tools, database: Database
) -> None:
    assert await tools.store.list_users(UserQuery(10)) == []
    assert database.rows("users") == database.rows("sessions") == []
    assert [row["name"] for row in database.rows("installation")] == ["secrets"]
    assert set(TABLES) <= database.tables()


async def test_what_the_program_stored_is_seen_as_rows(tools: Tools, database: Database) -> None:
    bob, eve = new_user(), new_user("eve@example.com")
    assert await tools.store.add_user(bob, PasswordHash("text", 7), record=None)
    assert await tools.store.add_user(eve, PasswordHash("text", None), record=None)
    session = new_session(bob)
    assert await tools.store.open_session(session, 1, record=None)

    assert database.rows("users", email="bob@example.com") == [
        {
            "id": bob.id,
            "email": "bob@example.com",
            "role": "user",
            "status": "active",
            "created_at": NOW_MS,
            "updated_at": NOW_MS,
            "password_hash": "text",
            "pepper_id": 7,
        }
    ]
    (row,) = database.rows("sessions")
    assert row == {
        "id": session.id,
        "user_id": bob.id,
        "generation": 0,
        "rotated_at": None,
        "salt": session.salt,
        "created_at": NOW_MS,
        "authenticated_at": NOW_MS,
        "last_active_at": NOW_MS,
        "expires_at": NOW_MS + 14 * 86_400_000,
        "ends_at": NOW_MS + 30 * 86_400_000,
        "ip": LISBON.ip,
        "user_agent": LISBON.user_agent,
        "place": row["place"],
        "device": "Desktop",
        "browser": "Firefox 132",
        "os": "Linux",
    }
    assert '"country_code": "PT"' in row["place"]
    assert [row["id"] for row in database.rows("users")] == sorted([bob.id, eve.id])
    assert [row["id"] for row in database.rows("users", pepper_id=None)] == [eve.id]
    assert database.rows("users", role="user", status="disabled") == []


async def test_what_was_tampered_with_is_what_the_program_finds(
    tools: Tools, database: Database
) -> None:
    bob, eve = await added(tools.store), await added(tools.store, "eve@example.com")
    session = await opened(tools.store, bob)

    assert database.change("users", {"email": eve.email}, role="admin") == 1
    assert database.change("users", {}, updated_at=NOW_MS + 1) == 2
    assert database.change("users", {"email": "x"}, role="admin") == 0
    assert database.remove("sessions", id="x") == 0
    assert database.remove("sessions", user_id=bob.id) == 1

    assert await tools.store.find_session(session.id) is None
    found = await tools.store.find_user(eve.id)
    assert found is not None
    assert found.role == "admin"
    assert (found.updated_at - NOW).total_seconds() == 0.001


async def test_rows_that_were_put_in_are_found_by_the_program(
    tools: Tools, database: Database
) -> None:
    database.add("users", [user_row(number) for number in range(2000)])
    session = {
        "id": "s",
        "user_id": user_row(1)["id"],
        "generation": 3,
        "rotated_at": NOW_MS,
        "salt": bytes(range(16)),
        "created_at": NOW_MS,
        "authenticated_at": NOW_MS,
        "last_active_at": NOW_MS,
        "expires_at": NOW_MS,
        "ends_at": NOW_MS,
        "ip": None,
        "user_agent": "x",
        "device": None,
        "browser": None,
        "os": None,
        "place": None,
    }
    database.add("sessions", [session])

    assert database.rows("sessions") == [session]
    assert len(await tools.store.list_users(UserQuery(5000))) == 2000
    found = await tools.store.find_session(SessionId("s"))
    assert found is not None
    assert (found.session.generation, found.user.email) == (3, "person000001@example.com")


async def test_texts_and_salts_lie_open_in_what_a_thief_has(
    tools: Tools, database: Database
) -> None:
    session = await opened(tools.store, await added(tools.store, "bob@example.com"))

    loot = database.everything()

    assert b"bob@example.com" in loot
    assert session.salt in loot
    assert database.damage() == []


async def test_while_it_is_broken_nothing_works_and_then_everything_as_before(
    tools: Tools, database: Database
) -> None:
    bob = await added(tools.store)
    before = content(database)

    with database.broken() as reason:
        for attempt in (tools.store.check, tools.store.has_admin):
            with pytest.raises(StoreDown) as down:
                await attempt()
            assert reason in str(down.value.__cause__)
        with pytest.raises(StoreDown):
            await tools.store.find_session(new_session(bob).id)
        with pytest.raises(StoreDown):
            await tools.store.close_session(new_session(bob).id, record=None)
        with pytest.raises(StoreDown):
            await tools.store.add_user(
                new_user("eve@example.com"), PasswordHash("x", 1), record=None
            )

    assert content(database) == before
    assert await tools.store.find_user(bob.id) == bob
    assert await tools.store.add_user(
        new_user("eve@example.com"), PasswordHash("x", 1), record=None
    )


async def test_each_that_is_alive_is_separate_from_every_other(
    tools: Tools, server_of_databases: Server, database_of_module: Database, tmp_path: Path
) -> None:
    await added(tools.store)
    (tmp_path / "other").mkdir()

    with server_of_databases.fresh(tmp_path / "other") as other:
        settings = Settings.load(**{**settings_of(other), **CHEAPEST_ARGON2})
        async with open_tools(settings) as others:
            assert await others.store.list_users(UserQuery(10)) == []
        other.add("users", [user_row(number) for number in range(3)])

        assert database_of_module.rows("users") == []
        assert len(await tools.store.list_users(UserQuery(10))) == 1

    assert len(await tools.store.list_users(UserQuery(10))) == 1


@pytest.mark.parametrize("round_", range(3))
def test_one_that_was_given_back_is_empty_when_it_is_given_again(
    database: Database, round_: int
) -> None:
    assert database.rows("users") == [], round_
    assert database.rows("installation") == []

    database.add("users", [user_row(1)])
    database.add("installation", [{"name": "secrets", "value": "x"}])


@pytest.mark.only_on("sqlite", because="a server keeps its own log of recent writes")
async def test_a_thief_of_the_file_has_its_log_of_recent_writes_too(
    tools: Tools, database: SqliteDatabase
) -> None:
    await added(tools.store, "bob@example.com")

    assert len(list(database.folder.glob("keystead.db-wal"))) == 1
    assert b"bob@example.com" not in database.path.read_bytes()
    assert b"bob@example.com" in database.everything().partition(b"BEGIN TRANSACTION")[0]


@pytest.mark.only_on("postgres", because="elsewhere no test makes tables of its own")
def test_tables_that_a_test_has_left_are_gone_for_the_next(
    server_of_databases: PostgresServer, tmp_path: Path
) -> None:
    with server_of_databases.fresh(tmp_path) as one:
        one.run('CREATE TABLE "left" (id integer PRIMARY KEY)')
        one.run('CREATE TABLE behind (id integer REFERENCES "left")')

    with server_of_databases.fresh(tmp_path) as another:
        assert another is one
        assert {"left", "behind"}.isdisjoint(another.tables())
