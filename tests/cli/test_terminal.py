"""Commands as processes of their own: at a terminal, in a pipe, and with bytes that are no text."""

import os
import pty
import subprocess
import sys
from contextlib import suppress

import pytest

from tests.cli.conftest import NOW, Cli
from tests.databases import Database, environment_of
from tests.people import PASSWORD
from tests.server.running import environment, keystead
from tests.store.samples import added


def test_what_stands_in_a_pipe_is_whole(cli: Cli, database: Database) -> None:
    long = "a" * 60 + "@" + ".".join(["b" * 60] * 2) + ".com"
    cli.work(lambda tools: added(tools.store, long))

    env = environment_of(database)
    result = keystead(database.folder, "users", "list", COLUMNS="40", **env)

    assert any(long in line.split() for line in result.stdout.splitlines())


def test_a_password_is_asked_for_twice_and_not_shown(cli: Cli, database: Database) -> None:
    code, screen = _at_a_terminal(database, "create-admin", "zoe@example.com")

    assert code == 0, screen
    assert "Password: " in screen
    assert "Repeat for confirmation: " in screen
    assert "zoe@example.com is an admin now." in screen
    assert PASSWORD not in screen
    cli.sign_in("zoe", NOW)


def test_progress_is_a_bar_at_a_terminal(
    cli: Cli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = (f"sqlite:///{database.folder}/{name}.db" for name in ("old", "new"))
    monkeypatch.setenv("KEYSTEAD_DATABASE_URL", old)
    cli.user("bob")

    code, screen = _at_a_terminal(database, "copy", "--from", old, "--to", new)

    assert code == 0, screen
    assert "users copied" in screen
    assert "\u2501" in screen
    assert "1/1" in screen
    assert "hold the same" in screen


def test_without_a_terminal_or_standard_input_nobody_is_made_admin(
    cli: Cli, database: Database
) -> None:
    env = environment_of(database)
    result = keystead(database.folder, "create-admin", "max@example.com", **env)

    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert cli.json("users", "list") == []


@pytest.mark.only_on("sqlite", because="no database is asked about it")
@pytest.mark.parametrize("encoding", ["utf-8:strict", "utf-8:surrogateescape"])
def test_a_password_that_is_no_text_is_refused(database: Database, encoding: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "keystead", "create-admin", "tim@example.com", "--password-stdin"],
        cwd=database.folder,
        env=environment({**environment_of(database), "PYTHONIOENCODING": encoding}),
        input=b"\xff\xfe a long password\n",
        capture_output=True,
        timeout=30,
        check=False,
    )

    assert result.returncode == 1
    assert result.stderr.startswith(b"keystead: the password is not text")
    assert result.stderr.count(b"\n") == 1


@pytest.mark.only_on("sqlite", because="no database is asked about it")
@pytest.mark.parametrize(
    "command",
    [
        ["users", "disable", "\udcff"],
        ["users", "list", "--search", "\udcff"],
        ["sessions", "list", "\udcff"],
        ["sessions", "revoke", "bob@example.com", "--session", "\udcff"],
    ],
    ids=ascii,
)
def test_an_argument_that_is_no_text_is_wrong_usage(cli: Cli, command: list[str]) -> None:
    cli.user("bob")

    assert "is not text" in cli.refused(*command, code=2)


def _at_a_terminal(database: Database, *arguments: str) -> tuple[int, str]:
    """Run a command at a terminal of its own, and type the password whenever it is asked for."""
    screen = b""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "keystead", *arguments],
        cwd=database.folder,
        env=environment(environment_of(database)),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        asked = 0
        with suppress(OSError):  # How Linux says that nobody is at the other end any more.
            while block := os.read(ours, 4096):
                screen += block
                while asked < screen.count(b": "):
                    asked += 1
                    os.write(ours, PASSWORD.encode() + b"\n")
    os.close(ours)
    return process.returncode, screen.decode()
