"""What the text of a password hash says of its cost, and whether that is what OWASP asks for."""

import re
from dataclasses import dataclass

MINIMA = {
    "Argon2id": [
        {"m": 47104, "t": 1, "p": 1},
        {"m": 19456, "t": 2, "p": 1},
        {"m": 12288, "t": 3, "p": 1},
        {"m": 9216, "t": 4, "p": 1},
        {"m": 7168, "t": 5, "p": 1},
    ],
    "scrypt": [
        {"N": 2**17, "r": 8, "p": 1},
        {"N": 2**16, "r": 8, "p": 2},
        {"N": 2**15, "r": 8, "p": 3},
        {"N": 2**14, "r": 8, "p": 5},
        {"N": 2**13, "r": 8, "p": 10},
    ],
    "PBKDF2-HMAC-SHA256": [{"iterations": 600_000}],
    "bcrypt": [{"cost": 10}],
}
"""
What each parameter must reach, in one line or another; m in KiB.

Source: OWASP Password Storage Cheat Sheet.
"""


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A function and its parameters."""

    function: str
    parameters: dict[str, int]

    @property
    def is_enough(self) -> bool:
        """Say whether it costs what OWASP asks for at least."""
        return any(
            all(self.parameters[name] >= least for name, least in minimum.items())
            for minimum in MINIMA[self.function]
        )

    def __str__(self) -> str:
        return f"{self.function} {','.join(f'{name}={n}' for name, n in self.parameters.items())}"


def read_hash(text: str) -> PasswordHash:
    """
    Return what *text* says of itself: a PHC string, or one of Django's or bcrypt's.

    Raises: ValueError: it is none of these.
    """
    if match := re.match(r"\$argon2id\$v=19\$([^$]+)\$|scrypt\$([^$]+)$", text):
        function = "Argon2id" if match[1] else "scrypt"
        pairs = (pair.split("=") for pair in (match[1] or match[2]).split(","))
        return PasswordHash(function, {name: int(value) for name, value in pairs})
    if match := re.match(r"pbkdf2_sha256\$(\d+)\$", text):
        return PasswordHash("PBKDF2-HMAC-SHA256", {"iterations": int(match[1])})
    if match := re.match(r"\$2[aby]\$(\d+)\$", text):
        return PasswordHash("bcrypt", {"cost": int(match[1])})
    raise ValueError(f"no known password hash: {text[:12]}...")
