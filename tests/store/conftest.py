"""Where the embedded store's own tests have their file, whatever database the run is on."""

from pathlib import Path

import pytest


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """What is not there yet."""
    return tmp_path / "keystead.db"
