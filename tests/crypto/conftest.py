from pathlib import Path

import pytest

from keystead.crypto.keyring import Keyring
from tests.crypto.samples import SECRET, Issuer, new_keyring


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return new_keyring(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def other_keyring(tmp_path: Path) -> Keyring:
    """The keys of another installation."""
    return new_keyring(tmp_path, "other.json")


@pytest.fixture(params=["ES256", "HS256"])
def issuer(request: pytest.FixtureRequest, keyring: Keyring) -> Issuer:
    """Either family of signatures: every rule holds for both."""
    return Issuer(keyring, SECRET if request.param == "HS256" else None)
