"""
Password hashes that other systems made: which are understood, and what checking one may cost.

A hash says itself how much work it takes, at every attempt to sign in. So there are bounds, well above
what anybody recommends: checking one takes some three seconds of a core at most, and twice that
for a password with accents that are typed apart, which is looked at in both forms.
"""

import re
from dataclasses import dataclass

from keystead.domain.foreign import Unusable
from keystead.domain.user import PasswordHash

BCRYPT = re.compile(r"\$2[aby]\$(?:0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}")
"""Up to cost 15: checking one takes two seconds, and each further step twice as long."""

BCRYPT_SHA256 = "bcrypt_sha256$"
"""What Django puts before a bcrypt hash of the SHA-256 of the password, in hexadecimal."""

PBKDF2 = re.compile(r"pbkdf2_sha256\$([1-9][0-9]{0,9})\$([!-#%-~]{1,128})\$([A-Za-z0-9+/]{43}=)")

MAX_PBKDF2_ITERATIONS = 5_000_000
"""OWASP has 600,000 and Django 6.0 1,200,000; a core does some two million a second."""

ARGON2 = re.compile(
    r"\$argon2(?:id|i|d)\$v=19\$m=([1-9][0-9]{0,9}),t=([1-9][0-9]{0,9}),p=([1-9][0-9]{0,9})"
    r"\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,172}"
)

MAX_ARGON2_KIB = 256 * 1024
"""Each hashing thread takes that. pwdlib has 64 MiB, Django 100 MiB."""

MAX_ARGON2_KIB_PASSES = 1024 * 1024
"""Memory times passes: some 1.5 s. pwdlib and Django are at a fifth."""

MAX_ARGON2_PASSES = 16
"""However little memory: each pass begins four threads for each lane. pwdlib has 3, Django 2."""

MAX_ARGON2_LANES = 8

UNUSABLE = "!"
"""What Django begins the password of somebody with who has none."""


@dataclass(frozen=True, slots=True)
class Bcrypt:
    """A bcrypt hash, `$2b$...`; *is_of_sha256*: not of the password itself."""

    text: str
    is_of_sha256: bool = False


@dataclass(frozen=True, slots=True)
class Pbkdf2:
    """PBKDF2 with HMAC-SHA-256; *digest* is in base64."""

    iterations: int
    salt: str
    digest: str


@dataclass(frozen=True, slots=True)
class Argon2:
    """A PHC string, made without a pepper."""

    text: str


@dataclass(frozen=True, slots=True)
class TooCostly:
    """A hash that asks for more work than is done here."""


ForeignHash = Bcrypt | Pbkdf2 | Argon2


def parse(text: str) -> ForeignHash | TooCostly | None:
    """Say what kind of hash *text* is; None if it is none that is known."""
    if BCRYPT.fullmatch(text):
        return Bcrypt(text)
    inner = text.removeprefix(BCRYPT_SHA256)
    if inner != text and BCRYPT.fullmatch(inner):
        return Bcrypt(inner, is_of_sha256=True)
    if found := PBKDF2.fullmatch(text):
        iterations = int(found[1])
        is_bounded = iterations <= MAX_PBKDF2_ITERATIONS
        return Pbkdf2(iterations, found[2], found[3]) if is_bounded else TooCostly()
    if found := ARGON2.fullmatch(text):
        memory_kib, passes, lanes = (int(number) for number in found.groups())
        is_bounded = (
            memory_kib <= MAX_ARGON2_KIB
            and memory_kib * passes <= MAX_ARGON2_KIB_PASSES
            and passes <= MAX_ARGON2_PASSES
            and lanes <= MAX_ARGON2_LANES
        )
        return Argon2(text) if is_bounded else TooCostly()
    return None


def password_hash(found: object) -> PasswordHash:
    """
    Return a hash as ours is kept: as it is, but for what Django puts before others' formats.

    Raises: Unusable. What was found is not repeated: it may be a password.
    """
    if found is None or found == "":
        raise Unusable("it has no password")
    if not isinstance(found, str):
        raise Unusable("its password is no text")
    if found.startswith(UNUSABLE):
        raise Unusable("it has no password that could be used")
    # Django puts the name of its own hasher before the format that everybody has.
    text = found.removeprefix("argon2").removeprefix("bcrypt$")
    match parse(text):
        case None:
            raise Unusable("its password is no hash of a kind that is known here")
        case TooCostly():
            raise Unusable("its password hash takes more work than is done here")
        case _:
            return PasswordHash(text, pepper_id=None)
