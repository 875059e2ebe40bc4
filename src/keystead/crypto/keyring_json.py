"""Keys as they are written: the content of a secrets file, or of `KEYSTEAD_SECRETS`."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from keystead.crypto.keyring import (
    BEGINNING,
    FIRST_KEY_ID,
    MAX_KEY_ID,
    SIGNING_CURVE,
    Keyring,
    Starts,
)
from keystead.crypto.random import MASTER_KEY_BYTES
from keystead.domain.keys import KeyUse

FORMAT = 1
FORMAT_WITH_STARTS = 2
"""Older versions refuse it, rightly: they would use a key before its time."""


def to_json(keyring: Keyring) -> dict[str, Any]:
    """Return what is written of *keyring*."""
    content: dict[str, Any] = {
        "format": FORMAT_WITH_STARTS if keyring.starts else FORMAT,
        "master_keys": {
            str(key_id): base64.b64encode(key).decode()
            for key_id, key in keyring.master_keys.items()
        },
        "signing_keys": list(keyring.signing_keys),
    }
    if keyring.starts:
        content["starts"] = {
            use.value: {key_id: start.isoformat() for key_id, start in starts.items()}
            for use, starts in keyring.starts.items()
        }
    return content


def from_json(content: str | bytes) -> Keyring | None:
    """Read what `to_json` wrote; None if it is not that, or not sound."""
    try:
        found = json.loads(content)
        if found["format"] not in {FORMAT, FORMAT_WITH_STARTS}:
            return None
        keyring = Keyring(
            master_keys={
                int(key_id): base64.b64decode(key, validate=True)
                for key_id, key in found["master_keys"].items()
            },
            signing_keys=tuple(found["signing_keys"]),
            starts=_starts(found["starts"]) if found["format"] == FORMAT_WITH_STARTS else {},
        )
        return keyring if _is_sound(keyring) else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _starts(found: dict[str, dict[str, str]]) -> Starts:
    return {
        KeyUse(use): {
            key_id: datetime.fromisoformat(start).astimezone(UTC)
            if start != BEGINNING.isoformat()
            else BEGINNING
            for key_id, start in starts.items()
        }
        for use, starts in found.items()
    }


def _is_sound(keyring: Keyring) -> bool:
    return (
        bool(keyring.master_keys and keyring.signing_keys)
        and all(FIRST_KEY_ID <= key_id <= MAX_KEY_ID for key_id in keyring.master_keys)
        and all(len(key) == MASTER_KEY_BYTES for key in keyring.master_keys.values())
        and all(_is_signing_key(key) for key in keyring.signing_keys)
        and all(_has_keys(keyring, use) for use in KeyUse)
    )


def _has_keys(keyring: Keyring, use: KeyUse) -> bool:
    known = {key["kid"] for key in keyring.signing_keys}
    if use is not KeyUse.SIGNING:
        known = {str(key_id) for key_id in keyring.master_keys}
    named = set(keyring.starts_of(use))
    return bool(named) and named <= known


def _is_signing_key(key: dict[str, Any]) -> bool:
    try:
        found = ECKey.import_key(key)
        return found.is_private and key["crv"] == SIGNING_CURVE and key["kid"] == found.thumbprint()
    except (JoseError, ValueError, KeyError, TypeError):
        return False
