"""Hashes that other systems made, without our pepper: checked, never written."""

import base64
import hashlib
import hmac

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from keystead.domain.foreign_hashes import (
    Argon2,
    Bcrypt,
    ForeignHash,
    Pbkdf2,
    TooCostly,
    parse,
)
from keystead.domain.passwords import normalise

BCRYPT_MAX_BYTES = 72
"""What bcrypt ever looked at; longer passwords were hashed without the rest."""

_argon2 = PasswordHasher()


def is_match(password: str, stored: str) -> bool:
    """Say whether *stored* was made of *password*; of what is no hash, or one that costs too much, no."""
    found = parse(stored)
    if found is None or isinstance(found, TooCostly):
        return False
    # Elsewhere it was hashed as it was typed, which need not have been NFC.
    forms = dict.fromkeys((password, normalise(password)))
    return any(_is_match(form.encode(), found) for form in forms)


def _is_match(password: bytes, found: ForeignHash) -> bool:
    match found:
        case Bcrypt(text, is_of_sha256):
            hashed = hashlib.sha256(password).hexdigest().encode() if is_of_sha256 else password
            return _is_bcrypt_match(hashed, text)
        case Pbkdf2(iterations, salt, digest):
            made = hashlib.pbkdf2_hmac("sha256", password, salt.encode(), iterations)
            return hmac.compare_digest(base64.b64encode(made), digest.encode())
        case Argon2(text):
            return _is_argon2_match(password, text)


def _is_bcrypt_match(password: bytes, text: str) -> bool:
    try:
        return bcrypt.checkpw(password[:BCRYPT_MAX_BYTES], text.encode())
    except ValueError:  # Its salt is none after all.
        return False


def _is_argon2_match(password: bytes, text: str) -> bool:
    try:
        return _argon2.verify(text, password)
    except (VerificationError, InvalidHashError):
        return False
