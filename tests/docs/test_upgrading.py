"""docs/upgrading.md leads to another version and back: every command in it is run."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.databases import Database
from tests.databases.postgres_server import find_programs
from tests.docs.markdown import blocks, read, section
from tests.docs.tour import is_what_was_promised, steps
from tests.server.proxies import find
from tests.server.running import free_port

PAGE = read("docs/upgrading.md")
END = "-- end of step --"

pytestmark = pytest.mark.timeout(300)


@pytest.mark.only_on("sqlite", because="that part of the page is about it")
def test_every_command_for_sqlite_does_what_the_page_says(database: Database) -> None:
    walk("## On SQLite", database, os.environ["PATH"])


@pytest.mark.only_on("postgres", because="that part of the page is about it")
def test_every_command_for_postgresql_does_what_the_page_says(database: Database) -> None:
    walk("## On PostgreSQL", database, f"{find_programs()}:{os.environ['PATH']}")


def test_every_block_of_commands_is_run() -> None:
    run = [*steps(section(PAGE, "## On SQLite")), *steps(section(PAGE, "## On PostgreSQL"))]

    assert {block.info for block in blocks(PAGE)} == {"sh tour", "text"}
    assert len(run) == len(steps(PAGE)) > 8


def walk(heading: str, database: Database, path: str) -> None:
    """Run the commands of one part of the page in one shell, as one who pastes them does."""
    folder = database.folder
    (folder / ".venv").symlink_to(sys.prefix)
    tour = steps(section(PAGE, heading))
    script = "".join(f"{step.commands}echo '{END}'\n" for step in tour)
    script = re.sub(r"postgresql://\S+", database.url, script)
    ports = {name: str(free_port()) for name in ("3020", "3021")}
    for name, port in ports.items():
        script = script.replace(name, port)
    try:
        ran = subprocess.run(
            [find("bash")],
            input=script,
            cwd=folder,
            env={"PATH": path, "HOME": str(folder), "KEYSTEAD_PORT": ports["3020"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )
    finally:
        end_what_runs(folder)
    printed = ran.stdout.split(f"{END}\n")
    assert len(printed) == len(tour) + 1, ran.stdout
    for step, text in zip(tour, printed, strict=False):
        assert is_what_was_promised(text, step.expected), f"{step.commands}\nprinted:\n{text}"


def end_what_runs(folder: Path) -> None:
    """Stop the servers that the page has started, by the numbers that it wrote down."""
    for file in folder.glob("*.pid"):
        with suppress(ValueError, ProcessLookupError):
            os.kill(int(file.read_text()), signal.SIGTERM)
