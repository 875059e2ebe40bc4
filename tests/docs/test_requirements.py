"""The registry of `make attack` is whole, names tests that exist, and cannot pass what was not shown."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.attacks.ledger import Ledger, Line, failures, requirements
from tests.docs.markdown import ROOT
from tests.docs.test_links import is_test

MARK = re.compile(r"mark\.requirement\(([0-9, ]+)\)")
LINE = Line("1", "ASVS", "It holds", (1,), (), None)


def test_every_requirement_has_a_number_a_source_and_words() -> None:
    lines = requirements()

    assert [line.name for line in lines] == [str(number) for number in range(1, len(lines) + 1)]
    assert [line.name for line in lines if not (line.source and line.text)] == []


def test_every_failure_is_shown_somehow_or_says_why_not() -> None:
    lines = failures()

    assert len({line.name for line in lines}) == len(lines)
    for line in lines:
        ways = [bool(line.requirements), bool(line.tests), bool(line.not_applicable)]
        assert ways.count(True) == 1, line.name


def test_every_test_that_a_failure_names_exists() -> None:
    named = [test for line in failures() for test in line.tests]

    assert named
    assert [test for test in named if not is_test(test)] == []


def test_every_number_that_is_given_is_one_of_a_requirement() -> None:
    known = {int(line.name) for line in requirements()}
    of_failures = {number for line in failures() for number in line.requirements}

    assert of_failures <= known
    assert dict(marks()) != {}
    assert [(name, numbers) for name, numbers in marks() if not numbers <= known] == []


@pytest.mark.parametrize(
    ("outcomes", "word"),
    [
        ({}, "NONE"),
        ({"a": "passed"}, "pass"),
        ({"a": "skipped"}, "NONE"),
        ({"a": "failed"}, "FAIL"),
        ({"a": "passed", "b": "failed"}, "FAIL"),
        ({"a": "passed", "b": "skipped"}, "pass"),
    ],
)
def test_a_line_holds_only_if_a_test_of_it_passed_and_none_failed(
    outcomes: dict[str, str], word: str
) -> None:
    ledger = Ledger({"requirements": [LINE]})
    for test, outcome in outcomes.items():
        ledger.pytest_runtest_logreport(report(test, outcome))

    assert ledger.verdict(LINE)[0] == word
    assert ledger.is_open() is (word != "pass")


def test_a_case_that_failed_is_not_outweighed_by_one_that_passed() -> None:
    ledger = Ledger({"requirements": [LINE]})
    for test, outcome in (("a[1]", "passed"), ("a[2]", "failed"), ("a[3]", "passed")):
        ledger.pytest_runtest_logreport(report(test, outcome))

    assert ledger.verdict(LINE) == ("FAIL", "a")


def test_a_test_that_could_not_begin_shows_nothing() -> None:
    ledger = Ledger({"requirements": [LINE]})
    ledger.pytest_runtest_logreport(report("a", "passed", when="setup"))
    ledger.pytest_runtest_logreport(report("b", "failed", when="setup"))

    assert ledger.verdict(LINE) == ("FAIL", "b")


def report(test: str, outcome: Any, *, when: Any = "call") -> pytest.TestReport:
    return pytest.TestReport(
        test, ("", None, ""), {}, outcome, None, when, user_properties=[("shows", "1")]
    )


def marks() -> Iterator[tuple[str, set[int]]]:
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for found in MARK.findall(path.read_text()):
            yield path.name, {int(number) for number in found.split(",") if number.strip()}
