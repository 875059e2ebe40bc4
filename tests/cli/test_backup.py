"""A back-up is made while a server runs, and what was ended since does not come back with it."""

import asyncio
import stat
from pathlib import Path

import pytest

from tests.databases import Database, environment_of, secrets_of
from tests.people import Person, profile_with, refresh_with
from tests.server.running import keystead, running

only_on_a_file = pytest.mark.only_on("sqlite", because="a server of databases has its own programs")


def run(database: Database, *arguments: str) -> tuple[int, str, str]:
    done = keystead(database.folder, *arguments, **environment_of(database))
    return done.returncode, done.stdout, done.stderr


@only_on_a_file
@pytest.mark.timeout(150)  # The program is started six times.
async def test_after_a_restore_accounts_are_back_and_ended_sessions_are_not(
    database: Database,
) -> None:
    with running(database) as server:
        async with server.client() as client, server.client() as other:
            bob = await server.person("bob", client)
            stolen = (bob.access_token, bob.refresh_token)
            writing = asyncio.create_task(_register_many(other))
            code, _, reason = await asyncio.to_thread(
                run, database, "backup", "backup.db", "--secrets", "backup.secrets.json"
            )
            await writing
            assert (code, reason) == (0, "")
            await bob.client.post("/auth/logout", headers=bob.bearer)
            assert (await Person(other, "late@example.com").register()).status_code == 201
    secrets_of(database).unlink()

    code, said, reason = run(
        database, "restore", "backup.db", "--secrets", "backup.secrets.json", "--yes"
    )

    assert code == 0, reason
    assert "before-restore" in said
    with running(database) as server:
        async with server.client() as client, server.client() as late:
            assert (await profile_with(client, stolen[0])).status_code == 401
            assert (await refresh_with(client, stolen[1])).status_code == 401
            assert (await Person(client, "bob@example.com").login()).status_code == 200
            assert (await Person(late, "late@example.com").login()).status_code == 401
        assert run(database, "audit", "verify")[0] == 0


@only_on_a_file
def test_a_second_restore_keeps_what_the_first_one_kept(database: Database) -> None:
    given = environment_of(database)
    with running(database):
        pass
    assert (
        keystead(database.folder, "backup", "b.db", "--secrets", "b.json", **given).returncode == 0
    )

    for _ in range(2):
        done = keystead(database.folder, "restore", "b.db", "--secrets", "b.json", "--yes", **given)
        assert done.returncode == 0, done.stderr

    kept = sorted(each.name for each in database.folder.glob("*.before-restore*"))
    assert len(kept) == 2, kept


@only_on_a_file
def test_a_database_that_is_served_is_not_replaced(database: Database) -> None:
    with running(database):
        assert run(database, "backup", "backup.db")[0] == 0

        code, _, reason = run(database, "restore", "backup.db", "--yes")

        assert code == 1
        assert "is in use: stop every server" in reason
        assert "sessions_epoch" not in reason


async def _register_many(client: object) -> None:
    for n in range(20):
        person = Person(client, f"p{n}@example.com")  # type: ignore[arg-type]
        assert (await person.register()).status_code == 201


@only_on_a_file
async def test_sessions_that_are_to_be_kept_go_on_and_tokens_from_later_are_only_refused(
    database: Database,
) -> None:
    with running(database) as server:
        async with server.client() as client:
            bob = await server.person("bob", client)
            before = bob.refresh_token
            assert run(database, "backup", "backup.db")[0] == 0
            assert (await bob.refresh()).status_code == 200
            ahead = bob.refresh_token

    assert run(database, "restore", "backup.db", "--keep-sessions", "--yes")[0] == 0

    with running(database) as server:
        async with server.client() as client:
            # A token that the database has not reached accuses nobody.
            assert (await refresh_with(client, ahead)).json()["code"] == "session_ended"
            assert (await refresh_with(client, before)).status_code == 200


@only_on_a_file
def test_only_the_owner_can_read_a_back_up_and_none_is_overwritten(database: Database) -> None:
    with running(database):
        pass

    assert run(database, "backup", "backup.db", "--secrets", "keys.json")[0] == 0

    for name in ("backup.db", "keys.json"):
        assert stat.S_IMODE((database.folder / name).stat().st_mode) == 0o600
    assert "overwrites nothing" in run(database, "backup", "backup.db")[2]
    assert "overwrites nothing" in run(database, "backup", "new.db", "--secrets", "keys.json")[2]
    assert not list(database.folder.glob(".*"))


@only_on_a_file
@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_what_is_no_back_up_replaces_nothing(database: Database, content: bytes) -> None:
    with running(database):
        pass
    before = Path(database.url.removeprefix("sqlite:///")).read_bytes()
    (database.folder / "bad.db").write_bytes(content)

    code, _, reason = run(database, "restore", "bad.db", "--yes")

    assert code == 1
    assert reason
    assert Path(database.url.removeprefix("sqlite:///")).read_bytes() == before


@only_on_a_file
def test_a_back_up_that_belongs_to_other_secrets_replaces_nothing(
    database: Database, tmp_path: Path
) -> None:
    with running(database):
        pass
    assert run(database, "backup", str(tmp_path / "mine.db"))[0] == 0
    secrets_of(database).rename(tmp_path / "aside.json")
    secrets_of(database).write_text(keystead(tmp_path, "keys", "new").stdout)
    secrets_of(database).chmod(0o600)

    code, _, reason = run(database, "restore", str(tmp_path / "mine.db"), "--yes")

    assert code == 1
    assert "belongs to another database" in reason


@only_on_a_file
@pytest.mark.timeout(120)  # The program is started six times.
def test_a_restore_that_is_refused_leaves_no_secrets_behind(
    database: Database, tmp_path: Path
) -> None:
    with running(database):
        pass
    assert run(database, "backup", "mine.db", "--secrets", "mine.json")[0] == 0
    secrets_of(database).unlink()
    (database.folder / "other.json").write_text(keystead(tmp_path, "keys", "new").stdout)
    (database.folder / "other.json").chmod(0o600)

    code, _, reason = run(database, "restore", "mine.db", "--secrets", "other.json", "--yes")

    assert code == 1
    assert "other.json belongs to another database" in reason
    assert not secrets_of(database).exists()
    assert run(database, "restore", "mine.db", "--secrets", "missing.json", "--yes")[0] == 1
    assert not list(database.folder.glob(".*"))
    assert not list(database.folder.glob("*.before-restore"))
    assert run(database, "restore", "mine.db", "--secrets", "mine.json", "--yes")[0] == 0
    assert secrets_of(database).read_bytes() == (database.folder / "mine.json").read_bytes()
    assert stat.S_IMODE(secrets_of(database).stat().st_mode) == 0o600


@only_on_a_file
def test_a_back_up_whose_secrets_cannot_be_written_writes_nothing(database: Database) -> None:
    with running(database):
        pass

    for secrets in ("nowhere/mine.json", "mine.db"):
        code, _, reason = run(database, "backup", "mine.db", "--secrets", secrets)
        assert (code, (database.folder / "mine.db").exists()) == (1, False), reason
    secrets_of(database).rename(secrets_of(database).with_suffix(".aside"))
    assert run(database, "backup", "mine.db", "--secrets", "mine.json")[0] == 1

    assert not [each for name in ("mine.*", ".*") for each in database.folder.glob(name)]


@pytest.mark.only_on("postgres", "mongo", because="a file is backed up by the command itself")
def test_a_server_of_databases_is_backed_up_by_its_own_program(database: Database) -> None:
    for command in ("backup", "restore"):
        code, _, reason = run(database, command, "backup", *(["--yes"] * (command == "restore")))
        assert code == 1
        assert "dump" in reason or "restore --" in reason
        assert "$DB_URL" in reason


async def test_an_epoch_ends_every_session_of_everybody(database: Database) -> None:
    with running(database) as server:
        async with server.client() as one, server.client() as two:
            people = [await server.person("bob", one), await server.person("eve", two)]
            code, said, _ = await asyncio.to_thread(run, database, "sessions", "epoch", "--yes")

            assert (code, said) == (0, "2 sessions ended.\n")
            for person in people:
                assert not await person.is_signed_in()
                assert (await person.refresh()).status_code == 401
                assert (await person.login()).status_code == 200
    assert [row for row in database.rows("audit") if row["name"] == "sessions_epoch"]
