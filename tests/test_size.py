"""How long a module and a function may be, so that each can be read in one go."""

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "keystead"
MIGRATIONS = SOURCE / "store" / "migrations" / "versions"

MODULE_LINES = 250
FUNCTION_LINES = 40

LONGER_MODULES = {
    "domain/errors.py",  # one class with its code and its text for each fault
    "domain/store.py",  # one promise for each verb: a list, and no logic either
    "settings.py",  # one field and one description for each setting: a list, and no logic to follow
}


def test_no_module_is_too_long() -> None:
    lengths = {path.relative_to(SOURCE).as_posix(): lines_of(path) for path in modules()}

    assert len(lengths) > 40
    assert {name for name, lines in lengths.items() if lines > MODULE_LINES} == LONGER_MODULES


def test_no_function_is_too_long_but_those_that_list_the_columns_of_a_migration() -> None:
    lengths = {
        f"{path.relative_to(SOURCE)}::{name}": lines
        for path in modules()
        if path.parent != MIGRATIONS
        for name, lines in functions(path)
    }

    assert len(lengths) > 200
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES} == {}


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def lines_of(path: Path) -> int:
    return len(path.read_text().splitlines())


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1
