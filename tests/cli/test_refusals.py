"""When a command cannot run: one reason on standard error, an exit code, and no traceback."""

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.databases import Database, secrets_of
from tests.databases.sqlite import SqliteDatabase

COMMANDS = [
    ["migrate"],
    ["users", "list"],
    ["sessions", "purge"],
    ["create-admin", "ada@example.com", "--password-stdin"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_database_that_cannot_be_opened_is_said(
    cli: Cli, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYSTEAD_DATABASE_URL", f"sqlite:///{tmp_path}")

    said = cli.refused(*command, said="a password that is long\n")

    assert said.startswith("keystead: ")
    assert said.count("\n") == 1


@pytest.mark.only_on("sqlite", because="only a file can be something else altogether")
def test_a_file_that_is_no_database_is_said_and_left_alone(
    cli: Cli, database: SqliteDatabase
) -> None:
    database.path.write_text("notes on the garden\n" * 500)

    assert cli.refused("users", "list").startswith("keystead: ")

    assert database.path.read_text() == "notes on the garden\n" * 500


def test_a_database_that_is_out_of_order_is_said(cli: Cli, database: Database) -> None:
    cli.user("bob")

    with database.broken():
        said = cli.refused("users", "list")

    assert said.startswith("keystead: ")
    assert said.count("\n") == 1
    assert [user["email"] for user in cli.json("users", "list")] == ["bob@example.com"]


def test_missing_secrets_are_said_and_not_replaced(cli: Cli, database: Database) -> None:
    cli.user("bob")
    secrets = secrets_of(database)
    secrets.unlink()

    assert "is missing" in cli.refused("users", "delete", "bob@example.com", "--yes")

    assert not secrets.exists()


@pytest.mark.parametrize("command", [*COMMANDS, ["settings"], ["geo", "update"]], ids=" ".join)
def test_settings_that_cannot_be_are_said(
    cli: Cli, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "eighty")

    said = cli.refused(*command, code=2, said="a password that is long\n")

    assert said.startswith("keystead: PORT: read 'eighty'; allowed: ")


def test_migrating_can_be_repeated_and_loses_nothing(cli: Cli) -> None:
    cli.user("bob")

    for _ in range(2):
        assert cli.done("migrate") == "The database has the newest schema.\n"

    assert [user["email"] for user in cli.json("users", "list")] == ["bob@example.com"]


@pytest.mark.only_on("sqlite", because="a server's database is made by whoever runs the server")
def test_migrating_makes_a_database_that_is_not_there(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYSTEAD_DATABASE_URL", f"sqlite:///{tmp_path}/new/accounts.db")

    for _ in range(2):
        assert cli.done("migrate") == "The database has the newest schema.\n"

    assert cli.json("users", "list") == []
    assert (tmp_path / "new" / "accounts.secrets.json").exists()


@pytest.mark.parametrize("given", [{}, {"MAXMIND_ACCOUNT_ID": "1"}, {"MAXMIND_LICENSE_KEY": "x"}])
def test_without_both_keys_no_city_database_is_downloaded(
    cli: Cli, given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    said = cli.refused("geo", "update", code=2)

    assert "MAXMIND_ACCOUNT_ID and MAXMIND_LICENSE_KEY" in said


@pytest.mark.parametrize("command", [["users"], ["sessions"], ["geo"], []], ids=" ".join)
def test_a_command_without_its_verb_explains_itself(cli: Cli, command: list[str]) -> None:
    result = cli.run(*command)

    assert result.exit_code == 2
    assert "Usage" in result.output


def test_a_command_that_does_not_exist_is_wrong_usage(cli: Cli) -> None:
    assert "serv" in cli.refused("serv", code=2)
