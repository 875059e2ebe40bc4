"""How a run chooses its database, and says what it leaves out."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from tests.databases import NoServer, Server
from tests.databases.chosen import Servers

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest

@pytest.fixture
def database(server_of_databases): pass

@pytest.fixture
def server_of_databases(): pass

def test_anywhere(database): pass

def test_of_none(): pass

@pytest.mark.only_on("sqlite", because="it is a file")
def test_of_a_file(): pass

@pytest.mark.only_on("postgres", "mongo", because="they are servers")
def test_of_a_server(): pass
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A small one, that loads nothing but what chooses."""
    (tmp_path / "store").mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_all.py").write_text(TESTS)
    for store in ("sqlite", "mongo"):
        (tmp_path / "store" / f"test_{store}_alone.py").write_text(f"def test_of_{store}(): pass\n")
    return tmp_path


def run(suite: Path, store: str) -> subprocess.CompletedProcess[str]:
    arguments = [
        "-v",
        "-p",
        "tests.databases.chosen",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
    ]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, "--rootdir", suite, suite],
        cwd=ROOT,
        env={**os.environ, "KEYSTEAD_TEST_STORE": store, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_database_that_nobody_knows_stops_the_run_with_one_line(suite: Path) -> None:
    stopped = run(suite, "oracle")

    assert stopped.returncode == pytest.ExitCode.USAGE_ERROR
    assert stopped.stdout + stopped.stderr.strip() == (
        "ERROR: KEYSTEAD_TEST_STORE: read 'oracle'; allowed: sqlite, postgres, mongo"
    )


@pytest.mark.parametrize(
    ("store", "ran", "left_out"),
    [
        (
            "sqlite",
            {"test_anywhere", "test_of_none", "test_of_a_file", "test_of_sqlite"},
            [
                "2",
                "1 only on mongo: what this store alone promises",
                "1 only on postgres, mongo: they are servers",
            ],
        ),
        (
            "postgres",
            {"test_anywhere", "test_of_a_server"},
            [
                "4",
                "1 only on mongo: what this store alone promises",
                "1 only on sqlite: it is a file",
                "1 only on sqlite: it is handed no database",
                "1 only on sqlite: what this store alone promises",
            ],
        ),
    ],
)
def test_what_is_for_another_database_is_left_out_and_counted(
    suite: Path, store: str, ran: set[str], left_out: list[str]
) -> None:
    said = run(suite, store).stdout

    assert f"\ndatabase: {store}\n" in said
    assert set(re.findall(r"::(\w+) PASSED", said)) == ran
    _, _, end = said.partition(f"left out on {store}: ")
    assert [line.strip(" =") for line in end.splitlines() if line][: len(left_out)] == left_out


@contextmanager
def nowhere(folder: Path) -> Iterator[Server]:
    raise NoServer(f"install one in {folder.name}")
    yield  # type: ignore[unreachable]  # It is to be a context manager all the same.


def test_without_a_server_a_person_is_told_why_and_ci_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = ModuleType("tests.databases.nowhere")
    monkeypatch.setattr(module, "serving", nowhere, raising=False)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    servers = Servers("nowhere", tmp_path, ExitStack())

    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no nowhere: install one in nowhere"):
        servers.get("nowhere")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no nowhere: install one in nowhere"):
        servers.get("nowhere")
