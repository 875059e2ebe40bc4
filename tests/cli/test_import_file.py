"""`keystead import file`: all that is in it, or nothing and a reason for each line."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from tests.cli.conftest import Cli
from tests.conftest import StartService
from tests.databases import Database
from tests.people import PASSWORD, Person

HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
MADE = "2024-01-02T03:04:05Z"


def line(number: int, email: Any = None, **members: Any) -> dict[str, Any]:
    email = f"user{number}@example.com" if email is None else email
    return {"id": number, "email": email, "password": HASH, "created": MADE, **members}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "users.jsonl"


def write(file: Path, *lines: Any) -> str:
    file.write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    return str(file)


BROKEN: list[tuple[Any, str]] = [
    (line(2, ""), "line 2, id 2: it has no e-mail address"),
    ({"id": 3, "password": HASH}, "line 3, id 3: it has no e-mail address"),
    (
        line(4, " User1@EXAMPLE.com "),
        "line 4, id 4: its e-mail address is the same as that of line 1, id 1",
    ),
    (line(1, "other@example.com"), "line 5, id 1: its id is the same as that of line 1, id 1"),
    (line(6, password="md5$salt$hash"), "line 6, id 6: its password is no hash of a kind"),
    (line(7, password="!"), "line 7, id 7: it has no password that could be used"),
    (line(8, password="$2b$31$" + "x" * 53), "line 8, id 8: its password is no hash of a kind"),
    (line(9, stauts="disabled"), "line 9, id 9: it has a member that is not known: stauts"),
    (["no", "object"], "line 10: it is no JSON object, or longer than 64 KiB"),
    (line(11, email="nobody"), "line 11, id 11: "),
    (line(12, email=7), "line 12, id 12: its e-mail address is no text"),
    (line(13, id="x\x1b[31m"), r"line 13, id x\x1b[31m: its id is neither"),
    (
        line(14, **{"\x1b]0;owned\x07": 1}),
        r"line 14, id 14: it has a member that is not known: \x1b]0;owned\x07",
    ),
    (line(15, created="9999-01-01T00:00:00Z"), "line 15, id 15: its created is yet to come"),
]


def test_lines_that_are_wrong_are_named_and_nothing_is_imported(cli: Cli, file: Path) -> None:
    name = write(file, line(1), *(broken for broken, _ in BROKEN))

    result = cli.run("import", "file", name)

    assert result.exit_code == 1
    assert "1 accounts would be imported; 0 are here already" in result.stdout
    for _, said in BROKEN:
        assert f"  {said}" in result.stdout
    assert "nothing was imported: repair these lines" in result.stderr
    assert cli.json("users", "list") == []


def test_they_may_be_left_out_for_the_others(cli: Cli, file: Path) -> None:
    name = write(file, line(1), *(broken for broken, _ in BROKEN), line(99))

    result = cli.run("import", "file", name, "--leave-out")

    assert result.exit_code == 0, result.output
    assert "2 accounts were imported; 0 are here already" in result.stdout
    assert f"{len(BROKEN)} were left out:" in result.stdout
    listed = cli.json("users", "list")
    assert [each["email"] for each in listed] == ["user1@example.com", "user99@example.com"]


@pytest.mark.parametrize("text", ["{", "\0", "{}{}", "[]", "null", '{"id":1,"id"', "\ufeff{}"])
def test_what_is_no_json_is_named_by_its_line(cli: Cli, file: Path, text: str) -> None:
    file.write_text(f"\n{json.dumps(line(1))}\n\n{text}\n{'x' * 70_000}\n")

    result = cli.run("import", "file", str(file))

    assert result.exit_code == 1
    assert (
        "  line 4: it is no JSON object, or longer than 64 KiB\n  line 5: it is no JSON object,"
        in result.stdout
    )


def test_bytes_that_are_no_text_are_named_too(cli: Cli, file: Path) -> None:
    file.write_bytes(b'{"id":1,"email":"\xff@example.com"}\n')

    result = cli.run("import", "file", str(file))

    assert result.exit_code == 1
    assert "line 1: it is no JSON object" in result.stdout


def test_a_rehearsal_changes_nothing_and_a_second_run_neither(cli: Cli, file: Path) -> None:
    lines = [line(1, role="admin"), line(2, status="disabled")]
    name = write(file, *lines)

    assert "2 accounts would be imported" in cli.done("import", "file", name, "--dry-run")
    assert cli.json("users", "list") == []
    assert "2 accounts were imported" in cli.done("import", "file", name)
    before = cli.json("users", "list")
    assert [(each["role"], each["status"]) for each in before] == [
        ("admin", "active"),
        ("user", "disabled"),
    ]
    write(file, *lines, line(3))
    assert "1 accounts were imported; 2 are here already" in cli.done("import", "file", name)
    assert cli.json("users", "list")[:2] == before


def test_a_rehearsal_that_finds_something_wrong_says_so_to_a_script(cli: Cli, file: Path) -> None:
    name = write(file, line(1, ""))

    assert cli.run("import", "file", name, "--dry-run").exit_code == 1
    assert cli.run("import", "file", name, "--dry-run", "--leave-out").exit_code == 0


def test_old_and_new_ids_are_told(cli: Cli, file: Path) -> None:
    uuid = "0199c0de-7a11-4b0b-9c5e-000000000001"
    said = cli.json("import", "file", write(file, line(42), line(2, id=uuid)))

    assert [(each["old_id"], each["id"]) for each in said["imported"]] == [
        ("42", "018cc820-d888-7000-8000-00000000002a"),
        (uuid, uuid),
    ]
    assert said["left_out"] == []


def test_an_address_that_somebody_here_has_is_theirs(cli: Cli, file: Path) -> None:
    cli.user("bob")
    before = cli.json("users", "list")

    result = cli.run("import", "file", write(file, line(1, "Bob@example.com"), line(2)))

    assert result.exit_code == 1
    assert "line 1, id 1: another account here has its e-mail address" in result.stdout
    assert cli.json("users", "list") == before


def test_an_empty_file_and_none_are_said(cli: Cli, file: Path) -> None:
    assert "no accounts in that file" in cli.run("import", "file", write(file)).stderr
    file.unlink()
    assert cli.run("import", "file", str(file)).exit_code == 2
    assert cli.run("import", "file", str(file.parent)).exit_code == 2


def test_a_line_that_says_something_twice_makes_nobody_an_admin(cli: Cli, file: Path) -> None:
    said = json.dumps(line(1, role="user"))
    file.write_text(said.replace('"role": "user"', '"role": "user", "role": "admin"') + "\n")

    result = cli.run("import", "file", str(file))

    assert result.exit_code == 1
    assert "line 1: it is no JSON object" in result.stdout


def test_whoever_is_here_already_is_named_by_the_address_that_they_have_here(
    cli: Cli, file: Path
) -> None:
    cli.done("import", "file", write(file, line(1, "bob@example.com")))

    said = cli.json("import", "file", write(file, line(1, "eve@example.com")))

    assert [(each["email"], each["is_new"]) for each in said["imported"]] == [
        ("bob@example.com", False)
    ]


def test_a_pipe_is_refused_since_it_can_be_read_only_once(cli: Cli, file: Path) -> None:
    os.mkfifo(file)

    assert "is no ordinary file" in cli.run("import", "file", str(file)).stderr


def test_an_import_without_an_admin_says_so(cli: Cli, file: Path) -> None:
    result = cli.run("import", "file", write(file, line(1), line(2)))

    assert result.exit_code == 0, result.output
    assert "2 accounts were imported" in result.stdout
    assert "there is no admin" in result.stderr


async def test_who_is_disabled_does_not_get_in_and_is_a_uuid_that_others_know(
    cli: Cli, start: StartService, database: Database, file: Path
) -> None:
    uuid = "0199c0de-7a11-4b0b-9c5e-000000000001"
    lines = [line(1, "bob@example.com", id=uuid), line(2, "eve@example.com", status="disabled")]
    await asyncio.to_thread(cli.done, "import", "file", write(file, *lines))
    service = await start()
    bob, eve = (Person(service.client(), f"{name}@example.com") for name in ("bob", "eve"))

    assert (await eve.login()).status_code == 401
    assert (await bob.login()).status_code == 200
    assert bob.id == uuid
    assert (await bob.get("/auth/verify")).headers["x-user-id"] == uuid
    (kept,) = database.rows("users", email="bob@example.com")
    assert kept["password_hash"].startswith("$argon2id$")
    assert kept["pepper_id"] == 1
    (kept,) = database.rows("users", email="eve@example.com")
    assert kept["password_hash"] == HASH
