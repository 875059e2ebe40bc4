"""docs/how-to/migrating.md: each command is run, on tables that FastAPI Users and Django themselves have made."""

import asyncio
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.conftest import StartService
from tests.databases import Database, environment_of
from tests.databases.postgres_server import find_programs
from tests.docs.markdown import ROOT, blocks, read
from tests.people import PASSWORD, Person
from tests.server.running import CHEAPEST_ARGON2

PAGE = read("docs/how-to/migrating.md")
DUMPS = ROOT / "tests" / "cli" / "dumps"
FILES = {"fastapi-users": "app.db", "django": "db.sqlite3"}
TABLES = {"fastapi-users": '"user"', "django": "auth_user"}
IMPORT = re.compile(r"^\.venv/bin/keystead import file users\.jsonl.*$", re.MULTILINE)

each_system = pytest.mark.parametrize("system", FILES)


class Old:
    """The old system's database: a file, or tables in the database of the test where that is on PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.product = "postgres" if database.url.startswith("postgresql") else "sqlite"

    def make(self, system: str) -> None:
        """Make its table as that system does, with the people it had."""
        dump = (DUMPS / f"{system}.{self.product}.sql").read_text()
        if self.product == "sqlite":
            with closing(sqlite3.connect(self._database.folder / FILES[system])) as db:
                db.executescript(dump)
        else:
            self.query(dump)

    def change(self, system: str, email: str, values: str) -> None:
        statement = f"UPDATE {TABLES[system]} SET {values} WHERE lower(email) = '{email}'"
        if self.product == "sqlite":
            with closing(sqlite3.connect(self._database.folder / FILES[system])) as db, db:
                db.execute(statement)
        else:
            self.query(statement)

    def query(self, text: str) -> None:
        psql = find_programs() / "psql"
        command = [str(psql), "-XqAt", "-v", "ON_ERROR_STOP=1", self._database.url]
        subprocess.run(command, input=text, text=True, check=True, capture_output=True)


@pytest.fixture
def old(database: Database) -> Old:
    made = Old(database)
    if made.product == "sqlite" and shutil.which("sqlite3") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("sqlite3 is needed")
        pytest.skip("sqlite3, the program, is not installed")
    return made


def run(database: Database, commands: str) -> subprocess.CompletedProcess[str]:
    """Run commands of the page in the folder where the old system's file is, and a `.venv`."""
    venv = database.folder / ".venv"
    if not venv.exists():
        venv.symlink_to(sys.prefix)
    bash = shutil.which("bash")
    assert bash is not None
    path = os.environ["PATH"]
    if database.url.startswith("postgresql"):
        path = f"{find_programs()}:{path}"
    return subprocess.run(
        [bash],
        input=commands,
        cwd=database.folder,
        env={
            "PATH": path,
            "OLD_DB_URL": database.url,
            **CHEAPEST_ARGON2,
            **environment_of(database),
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def export(system: str, product: str) -> str:
    (block,) = (each for each in blocks(PAGE) if each.info == f"sh export {system} {product}")
    return block.text


# Who had an account there, and in what they differ; the dumps' own names say which hash each has.
PEOPLE = {
    "fastapi-users": {"ada@example.com": "admin", "bob@example.com": "user"},
    "django": {
        "ada@example.com": "admin",
        "bob@example.com": "user",
        "carol@example.com": "user",
        "dan@example.com": "user",
        "eve@example.com": "user",
    },
}
LEFT = "left@example.com"
"""Somebody who was deactivated there."""


@each_system
@pytest.mark.timeout(180)
async def test_people_sign_in_with_the_passwords_they_had(
    system: str, old: Old, database: Database, start: StartService
) -> None:
    old.make(system)
    rehearse, import_ = IMPORT.findall(PAGE)

    exported = await asyncio.to_thread(run, database, export(system, old.product))
    assert (exported.returncode, exported.stderr) == (0, "")
    file = database.folder / "users.jsonl"
    assert file.stat().st_mode & 0o077 == 0
    rehearsed = await asyncio.to_thread(run, database, rehearse)
    assert rehearsed.returncode == 0, rehearsed.stdout + rehearsed.stderr
    assert database.rows("users") == []
    imported = await asyncio.to_thread(run, database, import_)
    assert imported.returncode == 0, imported.stdout + imported.stderr

    service = await start()
    before = {row["email"]: row["password_hash"] for row in database.rows("users")}
    assert set(before) == {*PEOPLE[system], LEFT}
    for email, role in PEOPLE[system].items():
        person = Person(service.client(), email)
        person.password = f"{PASSWORD}!"
        assert (await person.login()).status_code == 401
        person.password = PASSWORD
        for _ in range(2):
            assert (await person.login()).status_code == 200, before[email]
        assert (await person.profile()).json()["user"]["role"] == role
        (kept,) = database.rows("users", email=email)
        assert not before[email].startswith("$argon2id$v=19$m=8,")
        assert kept["password_hash"].startswith("$argon2id$v=19$m=8,t=1,p=1$")
        assert kept["pepper_id"] == 1
    assert (await Person(service.client(), LEFT).login()).status_code == 401


@each_system
def test_ids_stay_or_can_be_read_back(system: str, old: Old, database: Database, cli: Cli) -> None:
    old.make(system)
    assert run(database, export(system, old.product)).returncode == 0

    said = cli.json("import", "file", str(database.folder / "users.jsonl"))

    ids = {each["old_id"]: each["id"] for each in said["imported"]}
    assert len(ids) == len(PEOPLE[system]) + 1
    for theirs, ours in ids.items():
        is_number = system == "django"
        assert int(ours.replace("-", ""), 16) & 2**62 - 1 == int(theirs) if is_number else True
        assert ours == theirs or is_number


def test_what_is_left_out_is_said_as_the_page_shows(old: Old, database: Database) -> None:
    old.make("django")
    for email, values in (
        ("bob@example.com", "email = ''"),
        ("carol@example.com", "email = 'Ada@Example.com'"),
        ("dan@example.com", "password = 'md5$salt$0123456789abcdef0123456789abcdef'"),
        ("eve@example.com", "password = '!aBcDeFgHiJkLmNoPqRsTuVwXyZ'"),
    ):
        old.change("django", email, values)
    _, import_ = IMPORT.findall(PAGE)

    ran = run(database, export("django", old.product) + import_)

    (shown,) = (block.text for block in blocks(PAGE) if block.info == "text report")
    assert ran.returncode == 1
    assert shown in ran.stdout
    assert database.rows("users") == []


def test_the_number_is_read_back_as_the_page_says(database: Database) -> None:
    found = blocks(PAGE)
    (at,) = (number for number, block in enumerate(found) if block.info == "sh run")

    ran = run(database, found[at].text)

    assert ran.stdout == found[at + 1].text


def test_the_line_of_the_page_is_one_that_is_taken(cli: Cli, tmp_path: Path) -> None:
    (shown,) = (block.text for block in blocks(PAGE) if block.info == "json file")
    file = tmp_path / "users.jsonl"
    file.write_text(shown.replace("$2b$12$...", "$2b$12$" + "x" * 53))

    assert cli.json("import", "file", str(file))["imported"][0]["id"] == (
        "018cc820-d888-7000-8000-00000000002a"
    )


def test_every_export_of_the_page_is_run() -> None:
    named = {block.info for block in blocks(PAGE) if block.info.startswith("sh export")}

    assert named == {
        f"sh export {system} {on}" for system in FILES for on in ("sqlite", "postgres")
    }
