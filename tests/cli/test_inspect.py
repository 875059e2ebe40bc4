"""`keystead version`, `keystead settings` and `keystead routes`."""

import re
from pathlib import Path

import pytest

from keystead import __version__
from keystead.settings import Settings, names_of
from tests.cli.conftest import Cli
from tests.databases import Database

SECRET = "Zq8vYf3nT6wLr1xKb9mCp4sHd7gJe2aU"
REMOTE = "postgresql://keystead:Zq8vYf3n@db.example.com/keystead"


def test_the_version_is_printed(cli: Cli) -> None:
    assert cli.done("version") == f"keystead {__version__}\n"
    assert cli.done("--version") == f"keystead {__version__}\n"
    assert cli.json("version") == {"version": __version__}


def test_every_setting_is_printed_with_its_value_and_source(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(".env").write_text("APP_NAME=[red]Ours[/red]\nJWT_ACCESS_EXPIRES_IN=2m\n")
    monkeypatch.setenv("PORT", "8080")
    monkeypatch.setenv("JWT_ACCESS_EXPIRES_IN", "3m")

    found = {line["setting"]: line for line in cli.json("settings")}

    assert list(found) == [names_of(field)[0] for field in Settings.model_fields]
    assert _value_and_source(found["KEYSTEAD_PORT"]) == ("8080", "PORT")
    assert _value_and_source(found["KEYSTEAD_WORKERS"]) == ("1", "default")
    # The environment comes before the file.
    assert _value_and_source(found["KEYSTEAD_ACCESS_TOKEN_LIFETIME"]) == (
        "3m",
        "JWT_ACCESS_EXPIRES_IN",
    )
    assert _value_and_source(found["KEYSTEAD_APP_NAME"]) == (
        "[red]Ours[/red]",
        "APP_NAME in .env",
    )
    assert re.search(r"KEYSTEAD_APP_NAME +\[red\]Ours\[/red\] +APP_NAME in", cli.done("settings"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JWT_SECRET", SECRET),
        ("ADMIN_PASSWORD", SECRET),
        ("MAXMIND_LICENSE_KEY", SECRET),
    ],
)
def test_no_secret_is_printed(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.delenv("KEYSTEAD_DATABASE_URL")
    monkeypatch.setenv(name, value)

    for arguments in (["settings"], ["settings", "--json"]):
        printed = cli.done(*arguments)
        assert "********" in printed
        assert value[-20:] not in printed
        assert "Zq8vYf3n" not in printed


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (REMOTE, "postgresql://********@db.example.com/keystead"),
        (f"{REMOTE}?password=Zq8vYf3n", "postgresql://********@db.example.com/keystead"),
        ("postgres://a:Zq8vYf3n@db1:5432,[::1]/k", "postgres://********@db1:5432,[::1]/k"),
        ("postgresql://db1/keystead", "postgresql://db1/keystead"),
        ("mongodb+srv://a:Zq8vYf3n@db.example.com/k", "mongodb+srv://********@db.example.com/k"),
        # Passwords that should have been encoded.
        ("postgresql://a:Zq8vYf3n/b@db/k", "********"),
        ("postgresql://a:Zq8vYf3n?b@db/k", "********"),
        ("postgresql://a:Zq8vYf3n#b@db/k", "********"),
        ("postgresql://a:Zq8@vYf3n@db/k", "********"),
        ("postgresql://a:[Zq8vYf3n@db/k", "********"),
    ],
)
def test_of_a_server_its_hosts_and_the_database_are_shown_and_never_a_password(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, url: str, shown: str
) -> None:
    monkeypatch.setenv("KEYSTEAD_DATABASE_URL", url)

    found = {line["setting"]: line["value"] for line in cli.json("settings")}
    assert found["KEYSTEAD_DATABASE_URL"] == shown
    assert "Zq8" not in cli.done("settings")


@pytest.mark.only_on("sqlite", because="a URL of a server may hold a password, a path does not")
def test_the_path_of_a_database_is_no_secret(cli: Cli, database: Database) -> None:
    assert database.url in cli.done("settings")


def test_every_route_is_printed_with_who_may_use_it(cli: Cli) -> None:
    found = {(line["method"], line["path"]): line["access"] for line in cli.json("routes")}

    assert found["GET", "/"] == "PUBLIC"
    assert found["POST", "/auth/login"] == "PUBLIC"
    assert found["GET", "/profile"] == "SIGNED_IN"
    assert found["GET", "/users"].startswith("NEEDS(")
    lines = cli.done("routes").splitlines()
    assert len(lines) == len(found) + 1
    assert any(line.split()[:3] == ["GET", "/profile", "SIGNED_IN"] for line in lines)


def _value_and_source(line: dict[str, str]) -> tuple[str, str]:
    return line["value"], line["source"]
