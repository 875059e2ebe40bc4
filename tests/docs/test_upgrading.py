"""docs/upgrading.md leads to another version and back: every command in it is run."""

import os
import re

import pytest

from tests.databases import Database
from tests.databases.postgres_server import find_programs
from tests.docs.markdown import blocks, read, section
from tests.docs.tour import check, paste, steps
from tests.server.running import free_port

PAGE = read("docs/upgrading.md")
PARTS = ("## On SQLite", "## On PostgreSQL")

pytestmark = pytest.mark.timeout(300)


@pytest.mark.only_on("sqlite", because="that part of the page is about it")
def test_every_command_for_sqlite_does_what_the_page_says(database: Database) -> None:
    walk("## On SQLite", database, os.environ["PATH"])


@pytest.mark.only_on("postgres", because="that part of the page is about it")
def test_every_command_for_postgresql_does_what_the_page_says(database: Database) -> None:
    walk("## On PostgreSQL", database, f"{find_programs()}:{os.environ['PATH']}")


def test_every_block_of_commands_is_run() -> None:
    run = [step for part in PARTS for step in steps(section(PAGE, part))]

    assert {block.info for block in blocks(PAGE)} == {"sh tour", "text"}
    assert len(run) == len(steps(PAGE)) > 8


def walk(part: str, database: Database, path: str) -> None:
    tour = steps(section(PAGE, part))
    ports = {name: str(free_port()) for name in ("3020", "3021")}

    def adapted(script: str) -> str:
        script = re.sub(r"postgresql://\S+", database.url, script)
        return re.sub("302[01]", lambda name: ports[name[0]], script)

    env = {"PATH": path, "HOME": str(database.folder), "KEYSTEAD_PORT": ports["3020"]}

    check(tour, paste(tour, database.folder, env, adapted, seconds=240))
