"""`keystead copy`."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from keystead.assembly import system_clock
from keystead.domain.transfer import CopyState
from keystead.domain.user import Credentials, Role
from keystead.store.rows import copy_state_from
from tests.cli.conftest import NOW, Cli
from tests.conftest import Clock, StartService
from tests.server.running import environment, eventually, free_port, keystead
from tests.store.samples import HASH, new_session, new_user
from tests.store.sqlite_files import open_sqlite

MANY = 6_000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of this test's own, whatever the suite runs on."""
    return tmp_path / "source.db"


@pytest.fixture
def cli(cli: Cli, source: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Commands on that file."""
    monkeypatch.setenv("KEYSTEAD_DATABASE_URL", f"sqlite:///{source}")
    monkeypatch.delenv("KEYSTEAD_SECRETS_FILE", raising=False)
    return cli


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "new" / "target.db"


def urls(source: Path, target: Path) -> list[str]:
    return ["--from", f"sqlite:///{source}", "--to", f"sqlite:///{target}"]


def content_of(path: Path) -> list[object]:
    with closing(sqlite3.connect(path)) as db:
        return [
            db.execute(f"SELECT * FROM {what} ORDER BY id").fetchall()
            for what in ("users", "sessions WHERE created_at > 1750000000000")
        ]


def people(cli: Cli) -> None:
    cli.user("ada", Role.ADMIN)
    cli.user("bob")
    for _ in range(3):
        cli.sign_in("bob", system_clock())
    cli.sign_in("bob", NOW - timedelta(days=900))  # over, and left behind


def fill(path: Path, count: int) -> None:
    """Make a database in use, with a session for every user."""

    async def work() -> None:
        async with open_sqlite(path) as store:
            await store.bind_secrets("0123456789abcdef")
            users = [new_user(f"{n}@example.com") for n in range(count)]
            # All at once: this is only a file.
            await store.import_users([Credentials(user, HASH) for user in users], [])
            sessions = [new_session(user, system_clock()) for user in users]
            await store.import_sessions(sessions, [])

    asyncio.run(work())


def state_of(path: Path) -> CopyState | None:
    if not path.exists():
        return None
    with closing(sqlite3.connect(path)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'installation'").fetchone():
            return None
        found = db.execute("SELECT value FROM installation WHERE name = 'copy'").fetchone()
    return found and copy_state_from(found[0])


def test_everything_is_copied_and_said(cli: Cli, source: Path, target: Path) -> None:
    people(cli)

    result = cli.run("copy", *urls(source, target))

    assert result.exit_code == 0, result.output
    assert "users were added: 2" in result.stdout
    assert "sessions were added: 3" in result.stdout
    assert "leases are not carried" in result.stdout
    assert "1 sessions are not carried: they have expired" in result.stdout
    assert "hold the same" in result.stdout
    assert "users copied: 2 of 2" in result.stderr.splitlines()
    assert content_of(target) == content_of(source)
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_copy_is_told_as_json_with_the_checksums_of_both_sides(
    cli: Cli, source: Path, target: Path
) -> None:
    people(cli)

    said = cli.json("copy", *urls(source, target))

    assert said["users"] == {"added": 2, "changed": 0, "removed": 0, "same": 0}
    assert said["is_whole"] is True
    assert list(said["not_carried"]) == ["leases", "1 sessions"]
    for part, count in (("users", 2), ("sessions", 3)):
        sides = said["compared"][part]
        assert sides["source"] == sides["target"]
        assert sides["source"]["count"] == count
        assert len(sides["source"]["sha256"]) == 64
        assert sides["missing"] == sides["changed"] == sides["surplus"] == []


async def test_everybody_stays_signed_in_with_the_same_secrets(
    start: StartService, clock: Clock, source: Path, target: Path, tmp_path: Path
) -> None:
    clock.now = system_clock()
    secrets = source.with_suffix(".secrets.json")
    old = await start(database_url=f"sqlite:///{source}", secrets_file=secrets)
    bob = await old.person("bob")
    ada = await old.person("ada", Role.ADMIN)
    assert (await bob.refresh()).status_code == 200

    result = await asyncio.to_thread(keystead, tmp_path, "copy", *urls(source, target))

    assert result.returncode == 0, result.stderr
    new = await start(database_url=f"sqlite:///{target}", secrets_file=secrets)
    for person in (bob, ada):
        there = replace(person, client=new.client())
        there.client.cookies = person.client.cookies
        assert await there.is_signed_in()
        assert (await there.refresh()).status_code == 200
        assert await there.is_signed_in()
        assert (await there.login()).status_code == 200
    assert (await there.get("/users")).status_code == 200


def test_a_new_database_is_refused_without_its_secrets(
    cli: Cli, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(cli)
    cli.done("copy", *urls(source, target))
    monkeypatch.setenv("KEYSTEAD_DATABASE_URL", f"sqlite:///{target}")

    assert "is missing" in cli.refused("users", "list")

    shutil.copy(source.with_suffix(".secrets.json"), target.with_suffix(".secrets.json"))
    assert len(cli.json("users", "list")) == 2


def test_a_copy_that_is_refused_makes_nothing(cli: Cli, source: Path, target: Path) -> None:
    cli.done("migrate")

    assert "never used" in cli.refused("copy", *urls(source, target))

    assert not target.exists()


def test_a_copy_that_was_killed_is_not_served_and_goes_on(
    cli: Cli, source: Path, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(source, MANY)
    command = [sys.executable, "-m", "keystead", "copy", *urls(source, target)]
    with subprocess.Popen(command, cwd=tmp_path, env=environment({})) as process:
        eventually(lambda: (state := state_of(target)) is not None and state.after != "")
        os.kill(process.pid, signal.SIGKILL)
    state = state_of(target)
    assert state is not None
    assert not state.is_finished

    with monkeypatch.context() as patch:
        patch.setenv("KEYSTEAD_DATABASE_URL", f"sqlite:///{target}")
        assert "is not whole" in cli.refused("users", "list")
        assert "is not whole" in cli.refused("serve", "--port", str(free_port()))
    assert not target.with_suffix(".secrets.json").exists()
    said = cli.json("copy", *urls(source, target))

    assert said["is_whole"] is True
    assert 0 < said["users"]["added"] + said["sessions"]["added"] < 2 * MANY
    assert content_of(target) == content_of(source)


def test_urls_may_stand_in_the_environment(
    cli: Cli, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(cli)
    monkeypatch.setenv("KEYSTEAD_COPY_FROM", f"sqlite:///{source}")
    monkeypatch.setenv("KEYSTEAD_COPY_TO", f"sqlite:///{target}")

    cli.done("copy")

    assert content_of(target) == content_of(source)


def test_a_rehearsal_makes_nothing(cli: Cli, source: Path, target: Path) -> None:
    people(cli)

    said = cli.json("copy", *urls(source, target), "--dry-run")

    assert said["users"]["added"] == 2
    assert said["sessions"]["added"] == 3
    assert "would be added: 2" in cli.done("copy", *urls(source, target), "--dry-run")
    assert not target.parent.exists()


def test_a_database_with_accounts_is_not_copied_over(
    cli: Cli, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(cli)
    with monkeypatch.context() as patch:
        patch.setenv("KEYSTEAD_DATABASE_URL", f"sqlite:///{target}")
        cli.user("eve")
    before = content_of(target)

    assert "another secrets file" in cli.refused("copy", *urls(source, target))

    assert content_of(target) == before


def test_what_differs_is_said_and_the_exit_code_is_one(
    cli: Cli, source: Path, target: Path
) -> None:
    people(cli)
    bob = next(user["id"] for user in cli.json("users", "list", "--search", "bob"))
    cli.done("copy", *urls(source, target))
    with closing(sqlite3.connect(target)) as db, db:
        db.execute("CREATE TRIGGER keep BEFORE UPDATE ON users BEGIN SELECT RAISE(IGNORE); END")
    cli.done("users", "role", bob, "admin")

    result = cli.run("copy", *urls(source, target))

    assert result.exit_code == 1
    assert f"changed in the second: {bob}" in result.stderr
    assert "run this again" in result.stderr
    with closing(sqlite3.connect(target)) as db, db:
        db.execute("DROP TRIGGER keep")
    assert cli.json("copy", *urls(source, target))["is_whole"] is True


def test_there_must_be_something_to_copy(cli: Cli, source: Path, target: Path) -> None:
    assert "no database" in cli.refused("copy", *urls(source, target))
    assert "no database" in cli.refused("copy", *urls(source, target), "--dry-run")
    assert not source.exists()
    assert not target.exists()


def test_a_database_is_not_copied_to_itself(cli: Cli, source: Path, tmp_path: Path) -> None:
    people(cli)
    same = tmp_path / "nowhere" / ".." / source.name

    assert "same database" in cli.refused("copy", *urls(source, same), code=2)


@pytest.mark.parametrize("option", ["--from", "--to"])
def test_a_url_of_an_unknown_kind_is_named_by_its_option(
    cli: Cli, source: Path, target: Path, option: str
) -> None:
    arguments = urls(source, target)
    arguments[arguments.index(option) + 1] = "oracle://scott:tiger@db.example.com"

    said = cli.refused("copy", *arguments, code=2)

    assert said.startswith(f"keystead: {option}: ")
    assert "tiger" not in said


@pytest.mark.parametrize("which", ["source", "target"])
def test_a_file_that_is_no_database_is_said_and_left_alone(
    cli: Cli, source: Path, target: Path, which: str
) -> None:
    people(cli)
    notes = source if which == "source" else target
    notes.parent.mkdir(exist_ok=True)
    for path in notes.parent.glob(f"{notes.name}*"):
        path.unlink()
    notes.write_text("notes on the garden\n" * 500)

    assert cli.refused("copy", *urls(source, target)).startswith("keystead: ")

    assert notes.read_text() == "notes on the garden\n" * 500


def test_both_urls_are_needed(cli: Cli, source: Path) -> None:
    assert "--to" in cli.refused("copy", "--from", f"sqlite:///{source}", code=2)
