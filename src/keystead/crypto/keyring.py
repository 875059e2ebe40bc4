"""
The keys of one installation, and the file they live in.

The file holds one master key per key id and the access-token signing keys. Everything else is
derived from a master key by HKDF (RFC 5869), one label per purpose, so that no key serves twice.
It is made on the first start, readable by its owner only, and never overwritten.
"""

import base64
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from keystead.crypto.mac import Mac
from keystead.crypto.random import MASTER_KEY_BYTES, new_master_key

FORMAT = 1
FIRST_KEY_ID = 1
MAX_KEY_ID = 255
"""A key id is one byte of a refresh token."""

SIGNING_CURVE = "P-256"
"""What ES256 signs with (RFC 7518 section 3.4)."""


class SecretsFileUnusable(Exception):  # noqa: N818 - named for the fact, like every fault.
    """The secrets file cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """
    The keys as read.

    Args:
        master_keys: key id (1..255) -> 32 bytes. The highest id makes new secrets, every id
            verifies old ones.
        signing_keys: EC P-256 private keys as JWK; the last one signs, all of them verify.

    """

    master_keys: dict[int, bytes]
    signing_keys: tuple[dict[str, Any], ...]

    @property
    def newest_id(self) -> int:
        """The key id that new secrets are made with."""
        return max(self.master_keys)

    @property
    def fingerprint(self) -> str:
        """
        Sixteen hex digits that change with the oldest master key and reveal nothing of it.

        Kept in the database: data without its secrets must be noticed before new ones are made.
        """
        oldest = self.master_keys[min(self.master_keys)]
        return derive(oldest, "fingerprint").hex()[:16]

    def derive_each(self, purpose: str) -> dict[int, Mac]:
        """Return the MAC for *purpose* under every key id; each has a key of its own."""
        return {key_id: Mac(derive(key, purpose)) for key_id, key in self.master_keys.items()}


def derive(master_key: bytes, purpose: str) -> bytes:
    """Derive the 32-byte key for one purpose."""
    info = f"keystead v1 {purpose}".encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(master_key)


def load_or_create(path: Path, may_create: Callable[[], bool]) -> Keyring:
    """
    Read the secrets file, or make it if there is none and *may_create* agrees.

    Of several processes that start at once, one makes the file and all read the same one.

    Raises: SecretsFileUnusable: with what to do about it.
    """
    if not path.exists():
        if not may_create():
            raise SecretsFileUnusable(
                f"{path} is missing, but the database was used with secrets before. Put the file "
                "back from your back-up (or point KEYSTEAD_SECRETS_FILE at it): new secrets would "
                "make every stored password and session useless"
            )
        _create(path)
    return _read(path)


def _create(path: Path) -> None:
    content = {
        "format": FORMAT,
        "master_keys": {str(FIRST_KEY_ID): base64.b64encode(new_master_key()).decode()},
        "signing_keys": [_new_signing_key()],
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Made for its owner only, and named at random: in containers that share a volume, or that
        # start again after a crash, every process has the same id.
        descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        _publish(Path(draft), path)
    except OSError as error:
        raise SecretsFileUnusable(f"cannot write {path}: {error.strerror}") from error


def _publish(draft: Path, path: Path) -> None:
    # A hard link fails if the name exists: the file appears whole and only once, whoever comes
    # first, and a half-written one is never seen under its name.
    try:
        os.link(draft, path)
    except FileExistsError:
        return  # Another process was first; its file is read next.
    finally:
        draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _read(path: Path) -> Keyring:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SecretsFileUnusable(f"{path} can be read by others; run: chmod 600 {path}")
        keyring = _parse(path.read_bytes())
    except OSError as error:
        raise SecretsFileUnusable(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError):
        keyring = None
    if keyring is None or not _is_sound(keyring):
        raise SecretsFileUnusable(
            f"{path} is damaged or not a secrets file; put it back from your back-up"
        )
    return keyring


def _parse(content: bytes) -> Keyring | None:
    found = json.loads(content)
    if found["format"] != FORMAT:
        return None
    return Keyring(
        master_keys={
            int(key_id): base64.b64decode(key, validate=True)
            for key_id, key in found["master_keys"].items()
        },
        signing_keys=tuple(found["signing_keys"]),
    )


def _is_sound(keyring: Keyring) -> bool:
    return (
        bool(keyring.master_keys and keyring.signing_keys)
        and all(FIRST_KEY_ID <= key_id <= MAX_KEY_ID for key_id in keyring.master_keys)
        and all(len(key) == MASTER_KEY_BYTES for key in keyring.master_keys.values())
        and all(_is_signing_key(key) for key in keyring.signing_keys)
    )


def _is_signing_key(key: dict[str, Any]) -> bool:
    try:
        found = ECKey.import_key(key)
        return found.is_private and key["crv"] == SIGNING_CURVE and key["kid"] == found.thumbprint()
    except (JoseError, ValueError, KeyError, TypeError):
        return False


def _new_signing_key() -> dict[str, Any]:
    key = ECKey.generate_key(SIGNING_CURVE)
    return {**key.as_dict(private=True), "kid": key.thumbprint()}


def digest(text: str) -> str:
    """Return the SHA-256 of *text* in hex: for recognising a value without keeping it."""
    return hashlib.sha256(text.encode()).hexdigest()
