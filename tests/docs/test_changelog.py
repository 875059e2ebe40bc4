"""CHANGELOG.md has the form that docs/upgrading.md promises, and knows the version there is."""

import re
from datetime import date

from keystead import __version__
from tests.docs.markdown import headings, read

KINDS = ["Security", "Added", "Changed", "Deprecated", "Removed", "Fixed"]
"""In this order; https://keepachangelog.com has the kinds, what concerns security stands first here."""

VERSION = re.compile(r"## \[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)")

HEADINGS = headings(read("CHANGELOG.md"))
RELEASES = [line for line in HEADINGS if line.startswith("## ")]


def released() -> list[tuple[int, int, int]]:
    found = [VERSION.fullmatch(line) for line in RELEASES[1:]]
    assert all(found), RELEASES
    for each in found:
        assert each is not None
        date.fromisoformat(each[4])
    return [(int(each[1]), int(each[2]), int(each[3])) for each in found if each is not None]


def test_what_is_not_released_stands_first_and_versions_go_down() -> None:
    assert RELEASES[0] == "## [Unreleased]"
    assert released() == sorted(released(), reverse=True)


def test_no_version_is_listed_that_is_newer_than_the_program() -> None:
    program = tuple(int(part) for part in __version__.split("."))

    assert all(version <= program for version in released())


def test_the_kinds_of_change_stand_in_their_order_once_in_each_version() -> None:
    of_one: list[str] = []
    for line in [*HEADINGS, "## end"]:
        if line.startswith("### "):
            of_one.append(line.removeprefix("### "))
        elif line.startswith("## "):
            assert of_one == [kind for kind in KINDS if kind in of_one]
            of_one = []
