"""
What `make attack` does: a plugin of pytest that keeps the books on requirements.

With `--attack` the run has the tests that show a requirement (marked `requirement(numbers)`) or stand
against a failure that happened to others, and those that take too long for every day (`thorough`). In
the end it prints one line for each requirement and each failure. A line that applies and is not shown,
because a test of it failed or there is none, makes the run fail.
"""

import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from tests.databases.chosen import LEFT_OUT

HERE = Path(__file__).parent
OPTION = "--attack"
EXAMPLES = 500
"""Of each property that does not say how many it needs; on other days 100, as Hypothesis has it."""

PROPERTY = "shows"
"""The property of a test's report that names a line; it comes through from other test processes."""

NOT_TRIED = "not tried"
"""The property in which a test says what it leaves out, and why."""


@dataclass(frozen=True)
class Line:
    """
    One requirement, or one failure of others.

    It is shown by the tests marked with one of *requirements*, and by those whose names are in *tests*.
    """

    name: str
    source: str
    text: str
    requirements: tuple[int, ...]
    tests: tuple[str, ...]
    not_applicable: str | None

    def is_shown_by(self, item: pytest.Item) -> bool:
        marked = {number for mark in item.iter_markers("requirement") for number in mark.args}
        return bool(marked & set(self.requirements)) or name_of(item.nodeid) in self.tests


def requirements() -> list[Line]:
    """Return the rows of requirements.toml, in their order."""
    return [
        Line(
            name=str(row["number"]),
            source=row["source"],
            text=row["asks"],
            requirements=(row["number"],),
            tests=(),
            not_applicable=row.get("not_applicable"),
        )
        for row in tomllib.loads((HERE / "requirements.toml").read_text())["requirement"]
    ]


def failures() -> list[Line]:
    """Return the rows of failures.toml, in their order."""
    return [
        Line(
            name=row["name"],
            source=f"{row['product']}, {row['source']}",
            text=row["failed"],
            requirements=tuple(row.get("requirements", ())),
            tests=tuple(row.get("tests", ())),
            not_applicable=row.get("not_applicable"),
        )
        for row in tomllib.loads((HERE / "failures.toml").read_text())["failure"]
    ]


def name_of(nodeid: str) -> str:
    """Return the name of the test, of whose cases *nodeid* is one."""
    return nodeid.partition("[")[0]


class Ledger:
    """Which tests showed which line, and how each of them ended."""

    def __init__(self, tables: dict[str, list[Line]]) -> None:
        self._tables = tables
        self._outcomes: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._not_tried: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            for key, name in report.user_properties:
                if key == PROPERTY:
                    self._outcomes[str(name)][name_of(report.nodeid)].add(report.outcome)
                elif key == NOT_TRIED:
                    self._not_tried.add(str(name))

    def verdict(self, line: Line) -> tuple[str, str]:
        """Return what is to be said of *line*: one word, and the reason or the tests."""
        if line.not_applicable:
            return "n/a", line.not_applicable
        outcomes = self._outcomes.get(line.name, {})
        failed = sorted(test for test, found in outcomes.items() if "failed" in found)
        passed = sorted(test for test, found in outcomes.items() if "passed" in found)
        if failed:
            return "FAIL", ", ".join(failed)
        if not passed:
            return "NONE", "no test shows it"
        return "pass", ", ".join(passed)

    def is_open(self) -> bool:
        """Whether a line that applies is not shown."""
        lines = (line for table in self._tables.values() for line in table)
        return any(self.verdict(line)[0] in {"FAIL", "NONE"} for line in lines)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if session.exitstatus == pytest.ExitCode.OK and self.is_open():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for title, lines in self._tables.items():
            terminalreporter.section(title)
            for line in lines:
                word, because = self.verdict(line)
                terminalreporter.write_line(
                    f"{line.name:>3} {word}  {line.source}: {line.text} <- {because}"
                )
            terminalreporter.write_line(self._count(lines))
        if self._not_tried:
            terminalreporter.section(f"not tried: {len(self._not_tried)}")
        for text in sorted(self._not_tried):
            terminalreporter.write_line(text)

    def _count(self, lines: list[Line]) -> str:
        words = [self.verdict(line)[0] for line in lines]
        return ", ".join(f"{words.count(word)} {word}" for word in ("pass", "FAIL", "NONE", "n/a"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, action="store_true", help="try every attack, and print what holds")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "thorough: only `make attack` has the time for it")
    settings.register_profile("attack", max_examples=EXAMPLES)
    if config.getoption(OPTION):
        settings.load_profile("attack")
    # Where tests are spread over processes, all reports come together in the one that prints.
    if config.getoption(OPTION) and not hasattr(config, "workerinput"):
        tables = {"requirements": requirements(), "what happened to others": failures()}
        config.pluginmanager.register(Ledger(tables), "ledger")


@pytest.hookimpl(trylast=True)  # What is of another database is gone then, and not counted twice.
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption(OPTION):
        thorough = [item for item in items if is_thorough(item)]
        _leave_out(config, items, thorough, "takes long: only `make attack` runs it")
        return
    lines = [line for line in (*requirements(), *failures()) if not line.not_applicable]
    for item in items:
        item.user_properties += [(PROPERTY, line.name) for line in lines if line.is_shown_by(item)]
    idle = [item for item in items if not item.user_properties and not is_thorough(item)]
    _leave_out(config, items, idle, "shows none of these lines: only `make test` runs it")


def is_thorough(item: pytest.Item) -> bool:
    return item.get_closest_marker("thorough") is not None


def _leave_out(
    config: pytest.Config, items: list[pytest.Item], left_out: list[pytest.Item], because: str
) -> None:
    if not left_out:
        return
    config.hook.pytest_deselected(items=left_out)
    config.stash[LEFT_OUT][because] = len(left_out)
    gone = set(left_out)
    items[:] = [item for item in items if item not in gone]
