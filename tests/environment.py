"""The environment and the `.env` file as a test sets them, and what a refused start says."""

from pathlib import Path
from typing import Any

import pytest

from keystead.settings import OTHER_NAMES, Settings, SettingsRefused, names_of

SECRET = "bq2vF8mC1xW4kL7nR0tY5uI3oP6aS9dZ"
PLAIN_NAMES = [name for names in OTHER_NAMES.values() for name in names]


class Environment:
    """The environment and the `.env` file of this test."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        for name in (*PLAIN_NAMES, *(names_of(field)[0] for field in Settings.model_fields)):
            patch.delenv(name, raising=False)

    def set(self, **values: str) -> None:
        for name, value in values.items():
            self._patch.setenv(name, value)

    def write_file(self, text: str) -> None:
        Path(".env").write_text(text)


@pytest.fixture
def env(monkeypatch: pytest.MonkeyPatch) -> Environment:
    return Environment(monkeypatch)


def refused(**given: Any) -> list[str]:
    """Return the lines of the refusal."""
    with pytest.raises(SettingsRefused) as refusal:
        Settings.load(**given)
    return str(refusal.value).splitlines()
