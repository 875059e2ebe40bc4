"""Which passwords may be chosen (NIST SP 800-63B-4 section 3.1.1.2, OWASP ASVS 6.2)."""

import unicodedata
from collections.abc import Container
from dataclasses import dataclass

from keystead.domain import errors
from keystead.domain.user import EmailAddress

MIN_LENGTHS = {"asvs": 8, "nist": 15}
"""
In code points, by profile: OWASP ASVS 6.2.1; NIST SP 800-63B-4 section 3.1.1.2 where the password
is the only factor.
"""

MAX_CODE_POINTS = 1024
"""NIST asks for at least 64; the bound only keeps hashing affordable."""

MAX_BYTES = 4096
"""The same bound in UTF-8, where one code point takes up to four bytes."""

MIN_CONTEXT_WORD = 4
"""
Shorter words, like the local part of al@example.com, occur among digits by chance: only their
repetition is refused.
"""


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """
    What a new password must satisfy. There are no composition rules and no expiry, as NIST asks.

    Args:
        min_length: in code points; see `MIN_LENGTHS`.
        blocklist: common passwords, lower case.
        service_name: a word nobody's password may consist of.

    """

    min_length: int
    blocklist: Container[str]
    service_name: str

    def check(self, password: str, email: EmailAddress) -> None:
        """
        Let *password* pass for the account *email*, or say why not.

        Raises:
            PasswordTooShort, PasswordTooLong, PasswordBlocklisted, PasswordPredictable: the rule.

        """
        if not is_hashable(password):
            raise errors.PasswordTooLong(
                f"Use at most {MAX_CODE_POINTS} characters ({MAX_BYTES} bytes), without NUL"
            )
        password = normalise(password)
        if len(password) < self.min_length:
            raise errors.PasswordTooShort(f"Use at least {self.min_length} characters")
        folded = password.casefold()
        if folded in self.blocklist:
            raise errors.PasswordBlocklisted(
                "This is one of the most common passwords; choose one that nobody would guess"
            )
        for word in self._context_words(email):
            if _consists_of(folded, word):
                raise errors.PasswordPredictable(
                    "This is too close to your email or the name of this service; choose another"
                )

    def _context_words(self, email: EmailAddress) -> list[str]:
        local, _, domain = email.partition("@")
        words = [local, email, domain, domain.rpartition(".")[0], self.service_name]
        return [word.casefold() for word in words if word]


def normalise(password: str) -> str:
    """Return *password* in NFC, so that the same keys typed on two systems match. Nothing is trimmed."""
    return unicodedata.normalize("NFC", password)


def is_hashable(password: str) -> bool:
    """Say whether *password* is within the bounds that hashing accepts."""
    # As typed first: normalising 64 kB of combining marks takes 1.5 s. Code points are counted as
    # they are hashed, or a password could be chosen on one system and never be typed on another.
    return (
        len(password.encode()) <= MAX_BYTES
        and len(normalise(password)) <= MAX_CODE_POINTS
        and "\0" not in password
    )


def _consists_of(password: str, word: str) -> bool:
    # What is left once the word is taken out: digits and punctuation around it add nothing.
    rest = password.replace(word, "")
    if len(word) < MIN_CONTEXT_WORD:
        return not rest
    return rest != password and not any(char.isalpha() for char in rest)
