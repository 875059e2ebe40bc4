"""docs/settings.md lists every knob as it is, and nothing else."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from keystead.setting_values import human
from keystead.settings import OF_COMMANDS, Settings, names_of
from tests.docs.markdown import codes, documents, read, rows

NAME = re.compile(r"\bKEYSTEAD_[A-Z_]*[A-Z]\b")
OF_OTHERS = {"KEYSTEAD_TEST_STORE", "KEYSTEAD_URL"}
"""Of the tests, and of examples."""

LISTED = {cells[0].partition(",")[0].strip("`"): cells for cells in rows(read("docs/settings.md"))}


def test_every_setting_is_listed_and_nothing_else() -> None:
    known = {names_of(field)[0] for field in Settings.model_fields}

    assert set(LISTED) == known
    assert len(rows(read("docs/settings.md"))) == len(known), "a setting is listed twice"


@pytest.mark.parametrize("field", Settings.model_fields)
def test_a_settings_names_default_bounds_and_meaning_are_those_of_the_program(field: str) -> None:
    info = Settings.model_fields[field]
    names = ", ".join(f"`{name}`" for name in names_of(field))

    assert LISTED[names_of(field)[0]] == [names, default(info), allowed(info), info.description]


def test_no_document_names_a_setting_that_does_not_exist() -> None:
    known = {names_of(field)[0] for field in Settings.model_fields} | OF_OTHERS | OF_COMMANDS

    named = {path.name: set(NAME.findall(path.read_text())) for path in documents()}

    assert {name: found - known for name, found in named.items() if found - known} == {}


def test_the_plain_names_in_the_readme_are_names_of_settings() -> None:
    known = {name for field in Settings.model_fields for name in names_of(field)}
    in_table = {name for cells in rows(read("README.md")) for name in codes(cells[0])}
    named = {name for name in in_table if re.fullmatch(r"[A-Z]+(_[A-Z]+)+|PORT", name)}

    assert named
    assert named <= known


def default(info: FieldInfo) -> str:
    value = info.get_default(call_default_factory=True)
    match value:
        case None | ():
            return "-"
        case SecretStr():
            text = value.get_secret_value()
        case bool():
            text = str(value).lower()
        case timedelta():
            text = human(value)
        case _:
            text = str(value)
    return f"`{text}`"


def allowed(info: FieldInfo) -> str:
    kind = _kind(info.annotation)
    if get_origin(kind) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(kind))
    if kind is bool:
        return "`true`, `false`"
    low, high = (_bound(info, name) for name in ("ge", "le"))
    if low is not None:
        return f"{low} to {high}"
    low, high = (_bound(info, name) for name in ("min_length", "max_length"))
    if low is not None:
        return f"{low} to {high} characters"
    if kind is Path:
        return "a path"
    return "text" if kind in {str, SecretStr} else str(info.metadata[0].func.__name__)


def _kind(annotation: Any) -> Any:
    """What is left of an annotation without None."""
    if get_origin(annotation) is Literal or not get_args(annotation):
        return annotation
    kinds = [part for part in get_args(annotation) if part is not type(None)]
    return kinds[0] if len(kinds) == 1 else annotation


def _bound(info: FieldInfo, name: str) -> str | None:
    for mark in info.metadata:
        value = getattr(mark, name, None)
        if value is not None:
            return _text(value)
    return None


def _text(value: object) -> str:
    if isinstance(value, timedelta):
        return human(value) if value else "0"
    return str(value)
