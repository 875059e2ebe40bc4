"""ARCHITECTURE.md names files and functions that exist."""

import ast
import re
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, codes, prose, read, rows

SOURCE = ROOT / "src" / "keystead"
TEXT = read("ARCHITECTURE.md")
STEPS = [cells for cells in rows(TEXT) if cells[0].isdecimal()]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step[0]} {step[1]}")
def test_every_step_names_functions_that_its_file_has(step: list[str]) -> None:
    found = names_in(SOURCE / codes(step[1])[0])

    assert codes(step[2])
    assert set(codes(step[2])) <= found


def test_every_file_and_folder_that_is_named_exists() -> None:
    paths = [code for code in codes(prose(TEXT)) if re.fullmatch(r"[\w./]+(\.py|\.toml|/)", code)]

    assert len(paths) > 30
    assert [
        path for path in paths if not ((SOURCE / path).exists() or (ROOT / path).exists())
    ] == []


def test_the_folders_are_those_that_are_there() -> None:
    listed = {codes(cells[0])[0] for cells in rows(TEXT) if cells[0].endswith("/`")}
    named = set(codes(prose(TEXT)))
    there = {f"{path.name}/" for path in SOURCE.iterdir() if (path / "__init__.py").exists()}

    assert len(listed) == 5
    assert there <= named


def test_the_keys_derived_from_the_master_key_are_those_that_are_listed() -> None:
    listed = {codes(cells[0])[0] for cells in rows(TEXT) if re.fullmatch(r"`[a-z ]+`", cells[0])}
    source = "\n".join(path.read_text() for path in (SOURCE / "crypto").glob("*.py"))

    assert listed == set(re.findall(r'derive(?:_each)?\((?:\w+, )?"([a-z ]+)"\)', source))


def names_in(path: Path) -> set[str]:
    """Functions, classes and constants of a module; methods as `Class.method`."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(name)
            case ast.ClassDef(name=name, body=body):
                found.add(name)
                found |= {
                    f"{name}.{part.name}"
                    for part in body
                    if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
                }
            case ast.Assign(targets=[ast.Name(id=name)]):
                found.add(name)
            case _:
                pass
    return found
