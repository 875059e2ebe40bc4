"""docs/settings.md lists every setting as it is, and nothing else."""

import re

import pytest

from keystead.settings import OF_COMMANDS, PREFIX, Settings, names_of
from tests.docs.markdown import codes, documents, read, rows

NAME = re.compile(r"\bKEYSTEAD_[A-Z_]*[A-Z]\b")
OF_OTHERS = {"KEYSTEAD_TEST_STORE", "KEYSTEAD_URL"}
"""Of the tests, and of examples."""

LISTED = {cells[0].partition(",")[0].strip("`"): cells for cells in rows(read("docs/settings.md"))}


def test_every_setting_is_listed_and_nothing_else() -> None:
    known = {names_of(field)[0] for field in Settings.model_fields}

    assert set(LISTED) == known
    assert len(rows(read("docs/settings.md"))) == len(known), "a setting is listed twice"


@pytest.mark.parametrize(
    ("setting", "names", "default", "allowed"),
    [
        ("KEYSTEAD_PORT", "`KEYSTEAD_PORT`, `PORT`", "`3020`", "1 to 65535"),
        ("KEYSTEAD_HOST", "`KEYSTEAD_HOST`", "`127.0.0.1`", "text"),
        ("KEYSTEAD_API_DOCS", "`KEYSTEAD_API_DOCS`", "`true`", "`true`, `false`"),
        (
            "KEYSTEAD_COOKIE_SECURE",
            "`KEYSTEAD_COOKIE_SECURE`, `COOKIE_SECURE`",
            "-",
            "`true`, `false`",
        ),
        ("KEYSTEAD_STEP_UP", "`KEYSTEAD_STEP_UP`", "`added`", "`added`, `all`, `off`"),
        ("KEYSTEAD_REFRESH_LEEWAY", "`KEYSTEAD_REFRESH_LEEWAY`", "`10s`", "0 to 5m"),
        ("KEYSTEAD_ISSUER", "`KEYSTEAD_ISSUER`", "`keystead`", "1 to 200 characters"),
        ("KEYSTEAD_ALLOWED_HOSTS", "`KEYSTEAD_ALLOWED_HOSTS`", "-", "hosts"),
        ("KEYSTEAD_SECRETS_DIR", "`KEYSTEAD_SECRETS_DIR`", "-", "a path"),
    ],
)
def test_every_kind_of_setting_is_described_as_it_is_read(
    setting: str, names: str, default: str, allowed: str
) -> None:
    info = Settings.model_fields[setting.removeprefix(PREFIX).lower()]

    assert LISTED[setting] == [names, default, allowed, info.description]


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
