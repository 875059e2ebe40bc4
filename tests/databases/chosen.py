"""
Which database this run is on, and what is left out of it: a plugin of pytest.

A test that is about one database alone is marked `only_on(name, because=...)`; the modules
`tests/store/test_<name>*.py` are so without a mark, and what is handed no database is tried once, with
those of SQLite. On others they are left out; how many were, and why, is printed at the end (with several
test processes it is known only then), with those that other plugins leave out and those that were skipped.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.databases import NoServer, Server

VARIABLE = "KEYSTEAD_TEST_STORE"
STORES = ("sqlite", "postgres", "mongo")

SLOW_TEST_SECONDS = 240
"""For one test on MongoDB; on others the limit is in pyproject.toml."""

HANDED_OUT = frozenset({"servers", "server_of_databases"})
"""Through one of these fixtures every test gets the database of the run."""

Serving = Callable[[Path], AbstractContextManager[Server]]

CHOSEN = pytest.StashKey[str]()
LEFT_OUT = pytest.StashKey[dict[str, int]]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "only_on(store, *, because): left out on every other database, and counted"
    )
    # Read once: no test finds the variable in its environment.
    name = os.environ.get(VARIABLE) or STORES[0]
    if name not in STORES:
        raise pytest.UsageError(f"{VARIABLE}: read {name!r}; allowed: {', '.join(STORES)}")
    if name == "mongo":
        # PyMongo leaves a socket open whose connecting was cancelled; it is found in a later test.
        config.addinivalue_line("filterwarnings", "ignore:unclosed <socket:ResourceWarning")
        if config.getoption("timeout") is None:
            # What takes a second elsewhere takes the stand-in ten, and a busy machine adds to it.
            config.option.timeout = SLOW_TEST_SECONDS
    config.stash[CHOSEN] = name
    config.stash[LEFT_OUT] = {}


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {config.stash[CHOSEN]}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    reasons = {item: _why_not(item, config.stash[CHOSEN]) for item in items}
    left_out = [item for item in items if reasons[item]]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not reasons[item]]
    config.stash[LEFT_OUT].update(Counter(str(reasons[item]) for item in left_out))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    # Of several test processes each has collected the same; the one that prints has not.
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = session.config.stash[LEFT_OUT]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    output = getattr(node, "workeroutput", {})
    node.config.stash[LEFT_OUT].update(output.get("left_out", {}))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    left_out = config.stash[LEFT_OUT]
    skipped = Counter(_reason_of(report) for report in terminalreporter.getreports("skipped"))
    for title, counts in (
        (f"left out on {config.stash[CHOSEN]}", left_out),
        ("skipped", skipped),
    ):
        if counts:
            terminalreporter.section(f"{title}: {sum(counts.values())}")
        for reason, count in sorted(counts.items()):
            terminalreporter.write_line(f"{count:4} {reason}")


def _reason_of(report: Any) -> str:
    # What pytest makes of a skip: the file, the line, and `Skipped: ` with the reason.
    return str(report.longrepr[-1]).removeprefix("Skipped: ")


class Servers:
    """The databases of this test process, each started when it is first asked for."""

    def __init__(self, chosen: str, folder: Path, until_the_end: ExitStack) -> None:
        self._chosen = chosen
        self._folder = folder
        self._until_the_end = until_the_end
        self._found: dict[str, Server | NoServer] = {}

    def get(self, name: str) -> Server:
        """
        Return the server, or skip the test that needs it.

        Where CI asked for this very database the test fails: what was not tried did not succeed.
        """
        if name not in self._found:
            self._found[name] = self._start(name)
        found = self._found[name]
        if not isinstance(found, NoServer):
            return found
        if name == self._chosen and os.environ.get("CI") == "true":
            pytest.fail(f"no {name}: {found}")
        pytest.skip(f"no {name}: {found}")

    def _start(self, name: str) -> Server | NoServer:
        folder = self._folder / name
        folder.mkdir()
        serving: Serving = import_module(f"tests.databases.{name}").serving
        try:
            return self._until_the_end.enter_context(serving(folder))
        except NoServer as missing:
            return missing


@pytest.fixture(scope="session")
def servers(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Servers]:
    with ExitStack() as until_the_end:
        folder = tmp_path_factory.mktemp("databases")
        yield Servers(pytestconfig.stash[CHOSEN], folder, until_the_end)


@pytest.fixture(scope="session")
def server_of_databases(servers: Servers, pytestconfig: pytest.Config) -> Server:
    """Where databases are had: of the kind that this run is on."""
    return servers.get(pytestconfig.stash[CHOSEN])


def _why_not(item: pytest.Item, chosen: str) -> str | None:
    mark = (
        item.get_closest_marker("only_on") or _mark_of_module(item.path) or _mark_of_fixtures(item)
    )
    if mark is None or chosen in mark.args:
        return None
    return f"only on {', '.join(mark.args)}: {mark.kwargs['because']}"


def _mark_of_fixtures(item: pytest.Item) -> pytest.Mark | None:
    # Whatever a fixture of a test needs is among these names, too.
    if HANDED_OUT.isdisjoint(getattr(item, "fixturenames", ())):
        return pytest.mark.only_on(STORES[0], because="it is handed no database").mark
    return None


def _mark_of_module(path: Path) -> pytest.Mark | None:
    if path.parent.name == "store":
        for store in STORES:
            if path.name.startswith(f"test_{store}"):
                return pytest.mark.only_on(store, because="what this store alone promises").mark
    return None
