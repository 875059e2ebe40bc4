"""A secrets file that is damaged, or none, stops the start: it is never guessed at or replaced."""

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey

from keystead.crypto.keyring import Keyring
from keystead.crypto.secrets_file import SecretsFileUnusable, load_or_create
from tests.crypto.samples import new_keyring

Json = dict[str, Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A secrets file as it is made."""
    new_keyring(tmp_path)
    return tmp_path / "secrets.json"


def read(path: Path) -> Keyring:
    return load_or_create(path, may_create=lambda: False)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'"text"',
        b"42",
        b"\xff\xfe",
        b"\0" * 100,
        b"SQLite format 3",
    ],
)
def test_what_is_no_secrets_file_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(SecretsFileUnusable, match=r"damaged or not a secrets file.*back-up"):
        read(path)


def signing_key(curve: str = "P-256", *, private: bool = True) -> Json:
    key = ECKey.generate_key(curve)
    return {**key.as_dict(private=private), "kid": key.thumbprint()}


DAMAGES: dict[str, Json] = {
    "another format": {"format": 2},
    "no master key": {"master_keys": {}},
    "a short master key": {"master_keys": {"1": "AAAA"}},
    "a long master key": {"master_keys": {"1": "A" * 64}},
    "not base64": {"master_keys": {"1": "!" * 44}},
    "key id nought": {"master_keys": {"0": "A" * 43 + "="}},
    "key id of two bytes": {"master_keys": {"256": "A" * 43 + "="}},
    "key id in words": {"master_keys": {"one": "A" * 43 + "="}},
    "master keys in a list": {"master_keys": ["A" * 43 + "="]},
    "no signing key": {"signing_keys": []},
    "signing keys in words": {"signing_keys": "keys"},
    "a public signing key": {"signing_keys": [signing_key(private=False)]},
    "another curve": {"signing_keys": [signing_key("P-384")]},
    "another kind of key": {"signing_keys": [{**OctKey.generate_key().as_dict(), "kid": "x"}]},
    "another key's id": {"signing_keys": [{**signing_key(), "kid": signing_key()["kid"]}]},
    "no key id": {"signing_keys": [ECKey.generate_key().as_dict(private=True)]},
    "a number for a key": {"signing_keys": [1]},
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_secrets_file_is_refused_without_its_content(path: Path, damage: Json) -> None:
    content = json.loads(path.read_bytes())
    path.write_text(json.dumps(content | damage))

    with pytest.raises(SecretsFileUnusable, match="damaged or not a secrets file") as refusal:
        read(path)

    assert content["master_keys"]["1"] not in str(refusal.value)


@pytest.mark.parametrize("removed", ["format", "master_keys", "signing_keys"])
def test_an_incomplete_secrets_file_is_refused(path: Path, removed: str) -> None:
    content = json.loads(path.read_bytes())
    del content[removed]
    path.write_text(json.dumps(content))

    with pytest.raises(SecretsFileUnusable, match="damaged"):
        read(path)
