"""What the documents point at is there: files, headings, tests, make targets, commands."""

import ast
import re

import pytest

from tests.docs.known import known_commands
from tests.docs.markdown import (
    LINK,
    PICTURE,
    ROOT,
    anchors,
    blocks,
    codes,
    documents,
    headings,
    prose,
    read,
    rows,
    section,
)

DOCUMENTS = [str(path.relative_to(ROOT)) for path in documents()]
HOW_TO = [name for name in DOCUMENTS if name.startswith("docs/how-to/")]
WITH_CONTENTS = [
    "docs/api.md",
    "docs/forward-auth.md",
    "docs/moving.md",
    "docs/operations.md",
    "docs/production.md",
    "docs/refresh-tokens.md",
    "docs/threat-model.md",
    "docs/tutorial.md",
    "docs/upgrading.md",
    *HOW_TO,
]
OPTION = re.compile(r"--[a-z-]+")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_relative_link_and_picture_leads_somewhere(name: str) -> None:
    links = [*LINK.findall(prose(read(name))), *PICTURE.findall(prose(read(name)))]

    assert [link for link in links if not leads_somewhere(name, link)] == []


@pytest.mark.parametrize("name", WITH_CONTENTS)
def test_a_list_of_contents_names_every_part_in_its_order(name: str) -> None:
    parts = [line.removeprefix("## ") for line in headings(read(name)) if line.startswith("## ")]
    listed = re.findall(r"^- \[([^\]]+)\]\(#[^)]+\)$", read(name), re.MULTILINE)

    assert listed == parts


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_block_in_a_list_is_indented_as_both_readers_want_it(name: str) -> None:
    """GitHub takes two spaces or four for a part of an item, the site four."""
    assert re.findall(r"^ {1,3}```.*", read(name), re.MULTILINE) == []


@pytest.mark.parametrize(
    "link", ["errors.md", "errors.md#403-to-431", "#the-api", "../README.md#the-api", "https://x.y"]
)
def test_a_link_that_leads_somewhere_is_let_be(link: str) -> None:
    assert leads_somewhere("docs/api.md", link)


@pytest.mark.parametrize("link", ["nowhere.md", "errors.md#nowhere", "#nowhere"])
def test_a_link_that_leads_nowhere_is_noticed(link: str) -> None:
    assert not leads_somewhere("docs/api.md", link)


def test_the_documents_are_found_and_linked() -> None:
    assert {"README.md", "ARCHITECTURE.md", "SECURITY.md", "docs/api.md"} <= set(DOCUMENTS)
    linked = {
        ((ROOT / name).parent / link.partition("#")[0]).resolve()
        for name in DOCUMENTS
        for link in LINK.findall(prose(read(name)))
    }
    below = {path.resolve() for path in documents() if path.parent != ROOT}

    assert below <= linked


@pytest.mark.parametrize("name", ["README.md", "docs/attacks.md"])
def test_every_test_in_a_table_of_attacks_exists(name: str) -> None:
    table = rows(table_of_attacks(name))
    tests = [code for cells in table for code in codes(cells[2])]

    assert all(codes(cells[2]) for cells in table)
    assert [test for test in tests if not is_test(test)] == []


def test_every_fault_has_tests_that_exist_or_does_not_apply() -> None:
    table = rows(read("docs/faults.md"))
    tests = [code for cells in table for code in codes(cells[3])]

    assert [cells[0] for cells in table] == [f"F{number}" for number in range(1, len(table) + 1)]
    assert [cells[0] for cells in table if not codes(cells[3])] == [
        cells[0] for cells in table if cells[2].startswith("Does not apply")
    ]
    assert [test for test in tests if not is_test(test)] == []


def test_every_test_that_the_threat_model_names_is_where_it_says() -> None:
    linked = re.findall(r"\[([^\]]+)\]\(\.\./(tests/[\w/.]+)\)", read("docs/threat-model.md"))
    named = [f"{file}::test_{re.sub(r'[^a-z0-9]+', '_', words)}" for words, file in linked]

    assert len(named) > 30
    assert [test for test in named if not is_test(test)] == []


def test_every_file_of_attacks_is_in_the_table() -> None:
    table = table_of_attacks("docs/attacks.md")
    files = [f"tests/attacks/{path.name}" for path in (ROOT / "tests/attacks").glob("test_*.py")]

    assert files
    assert [file for file in files if file not in table] == []


def test_the_readme_shows_a_choice_of_the_table_of_attacks() -> None:
    chosen, all_of_them = (
        rows(table_of_attacks(name)) for name in ("README.md", "docs/attacks.md")
    )

    known = [(*cells[:2], codes(cells[2])) for cells in all_of_them]
    assert chosen
    assert [cells for cells in chosen if (*cells[:2], codes(cells[2])) not in known] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_make_target_that_is_named_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    named = {
        target
        for command in commands(read(name))
        for target in re.findall(r"(?:^|\s)make ([a-z-]+)", command)
    }

    assert named <= targets


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_of_keystead_that_is_named_exists(name: str) -> None:
    known = known_commands()
    named = [
        found
        for command in commands(read(name))
        for found in re.findall(r"(?:^|\s|/)keystead ([a-z][a-z-]*(?: [a-z][a-z-]*)?)", command)
    ]
    unknown = [found for found in named if not {found, found.partition(" ")[0]} & set(known)]

    assert unknown == []


def test_every_option_in_the_documents_exists() -> None:
    known = set().union(*known_commands().values()) | {"--help"}
    given = {
        option
        for name in (
            "README.md",
            "docs/operations.md",
            "docs/settings.md",
            "docs/api.md",
            "docs/moving.md",
            *HOW_TO,
            "docs/upgrading.md",
        )
        for command in commands(read(name))
        for tail in re.findall(r"(?:^|\s|/)keystead ([^|;>]*)", command)
        for option in OPTION.findall(tail)
    }

    assert given
    assert given <= known


def test_contributing_names_make_targets() -> None:
    assert any("make check" in command for command in commands(read("CONTRIBUTING.md")))


def leads_somewhere(name: str, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return True
    path, _, anchor = link.partition("#")
    target = (ROOT / name).parent / path if path else ROOT / name
    if not target.exists():
        return False
    return not anchor or anchor in anchors(target.read_text())


def table_of_attacks(name: str) -> str:
    text = f"\n{read(name)}"
    (heading,) = (
        line for line in headings(text) if line.endswith("# Attacks, and what stops them")
    )
    return section(text, heading)


def is_test(name: str) -> bool:
    """Whether *name*, such as tests/x/test_y.py::test_z, is a test."""
    path, _, function = name.partition("::")
    if not (ROOT / path).is_file():
        return False
    tree = ast.parse((ROOT / path).read_text())
    return function.startswith("test_") and any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == function
        for node in ast.walk(tree)
    )


def commands(text: str) -> list[str]:
    """Lines of blocks for a shell, and code within sentences."""
    lines = [
        line
        for block in blocks(text)
        if block.info.split(" ")[0] in {"sh", "console"}
        for line in block.text.splitlines()
    ]
    return lines + codes(prose(text))
