"""`keystead audit ...`."""

import json
from pathlib import Path
from typing import Any

import pytest

from keystead.assembly import system_clock
from keystead.flows.seal_audit import seal
from tests.cli.conftest import Cli
from tests.databases import Database
from tests.people import PASSWORD

pytestmark = pytest.mark.requirement(88)


def happen(cli: Cli) -> None:
    """Make Ada and Bob, sign Bob in and disable him: four records, sealed."""
    cli.done("create-admin", "ada@example.com", "--password-stdin", said=f"{PASSWORD}\n")
    cli.user("bob")
    cli.sign_in("bob", system_clock())
    cli.done("users", "disable", "bob@example.com")
    cli.work(seal)


def exported(cli: Cli, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in cli.done("audit", "export", *arguments).splitlines()]


def test_a_log_that_is_whole_is_said_to_be_with_its_head(cli: Cli) -> None:
    happen(cli)

    text = cli.done("audit", "verify")
    found = cli.json("audit", "verify")

    assert text.startswith("4 sealed records are whole, 0 of them without addresses; 0 wait")
    assert (found["is_whole"], found["sealed"], found["broken"]) == (True, 4, None)
    assert text.splitlines()[1] == f"Head: {found['head']}"
    assert cli.json("audit", "verify", "--head", found["head"])["is_whole"]


def test_a_log_of_nothing_is_whole_and_has_no_head(cli: Cli) -> None:
    assert cli.json("audit", "verify")["head"] is None
    assert "Head" not in cli.done("audit", "verify")


@pytest.mark.parametrize("as_json", [False, True])
def test_a_log_that_was_changed_is_refused_with_where_and_how(
    cli: Cli, database: Database, *, as_json: bool
) -> None:
    happen(cli)
    record = database.rows("audit", seq=2)[0]
    database.change("audit", {"seq": 2}, detail="nothing")

    found = cli.run("audit", "verify", *(["--json"] if as_json else []))

    assert found.exit_code == 1
    assert "is damaged: number 2, record" in found.stderr
    assert "(changed)" in found.stderr
    if as_json:
        assert json.loads(found.stdout)["broken"] == {
            "damage": "changed",
            "seq": 2,
            "record": record["id"],
        }


def test_what_nobody_seals_is_refused_with_how_many_there_are(cli: Cli) -> None:
    cli.user("bob")  # At noon of the first day of 2026.

    text = cli.run("audit", "verify")
    found = cli.run("audit", "verify", "--json")

    assert text.exit_code == found.exit_code == 1
    assert "1 records wait to be sealed for more than a minute" in text.stderr
    assert "(unsealed)" in text.stderr
    described = json.loads(found.stdout)
    assert (described["is_whole"], described["unsealed"], described["overdue"]) == (False, 1, 1)
    assert described["broken"]["damage"] == "unsealed"


def test_a_head_that_was_kept_finds_what_was_cut_off(cli: Cli) -> None:
    happen(cli)
    head = cli.json("audit", "verify")["head"]
    later = f"9:{head.partition(':')[2]}"

    found = cli.run("audit", "verify", "--head", later)

    assert found.exit_code == 1
    assert "number 5 and what came after it are missing" in found.stderr


@pytest.mark.parametrize("head", ["", "4", "4:abc", f"x:{'0' * 64}", f"4:{'0' * 65}"])
def test_a_head_that_cannot_be_one_is_wrong_usage(cli: Cli, head: str) -> None:
    assert "64 hexadecimal digits" in cli.refused("audit", "verify", "--head", head, code=2)


def test_everything_is_exported_oldest_first_one_in_each_line(cli: Cli) -> None:
    happen(cli)

    lines = exported(cli)

    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
    by_event = {line["event"]: line for line in lines if line["detail"] != "user, command line"}
    assert by_event["user_created"]["detail"] == "admin, command line"
    assert by_event["user_status_changed"]["detail"] == "disabled, command line"
    assert by_event["user_status_changed"]["actor"] is None
    assert {line["seq"] for line in lines} == {1, 2, 3, 4}


def test_an_export_begins_and_ends_where_it_is_told(cli: Cli) -> None:
    cli.user("bob")  # At noon of the first day of 2026.

    for since, until, count in [
        ("2026-01-01", "2026-01-02", 1),
        ("2026-01-01T12:00:00", "2026-01-01T12:00:01", 1),
        ("2026-01-01T11:00:00", "2026-01-01T12:00:00", 0),
        ("2026-01-01T12:00:01Z", "2027-01-01", 0),
    ]:
        assert len(exported(cli, "--since", since, "--until", until)) == count


def test_what_a_client_called_itself_is_written_in_ascii(cli: Cli, database: Database) -> None:
    cli.user("bob")
    database.change("audit", {"name": "user_created"}, user_agent="\x1b[2K\x9b\r\n")

    text = cli.done("audit", "export")

    assert text.isascii()
    assert len(text.splitlines()) == 1
    assert "\x1b" not in text


@pytest.mark.only_on(
    "sqlite", because="a copy is between two databases; one kind of them is enough"
)
def test_verification_holds_after_a_move_and_what_was_not_sealed_is_sealed_there(
    cli: Cli, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happen(cli)
    head = cli.json("audit", "verify")["head"]
    cli.done("users", "enable", "bob@example.com")
    target = f"sqlite:///{tmp_path / 'target.db'}"

    cli.done("copy", "--from", database.url, "--to", target)

    monkeypatch.setenv("KEYSTEAD_DATABASE_URL", target)
    monkeypatch.setenv("KEYSTEAD_SECRETS_FILE", str(database.folder / "keystead.secrets.json"))
    found = cli.json("audit", "verify", "--head", head)
    assert (found["is_whole"], found["sealed"], found["unsealed"]) == (True, 4, 1)
    cli.work(seal)
    assert cli.json("audit", "verify", "--head", head)["sealed"] == 5
