"""Every decision has its four parts, a number of its own and a place in the list."""

import re
from pathlib import Path

import pytest

from tests.docs.markdown import LINK, ROOT, headings, read

FOLDER = ROOT / "docs" / "decisions"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
ONE_PAGE = 110
"""Lines."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_has_its_four_parts_on_one_page(page: Path) -> None:
    text = page.read_text()

    parts = ["## Context", "## Decision", "## Consequences", "## Alternatives"]
    assert [heading for heading in headings(text) if heading.startswith("## ")] == parts
    assert text.startswith(f"# {page.name[:4]}: ")
    assert len(text.splitlines()) <= ONE_PAGE


def test_every_number_is_used_once_and_every_decision_is_listed() -> None:
    numbers = [int(page.name[:4]) for page in PAGES]
    linked = [link for link in LINK.findall(read("docs/decisions/README.md")) if ".md" in link]

    assert len(set(numbers)) == len(numbers)
    assert linked == [page.name for page in PAGES]


def test_every_direct_dependency_has_a_line_with_its_reason() -> None:
    declared = re.search(
        r"^dependencies = \[\n(.*?)^\]", read("pyproject.toml"), re.MULTILINE | re.DOTALL
    )
    assert declared
    names = re.findall(r'^  "([a-z0-9-]+)', declared[1], re.MULTILINE)
    page = read("docs/decisions/0007-libraries.md")

    assert len(names) > 15
    assert [
        name for name in names if not re.search(rf"^\|.*\b{name}\b.*\|", page, re.MULTILINE)
    ] == []
