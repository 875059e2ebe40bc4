"""Which passwords may be chosen (NIST SP 800-63B-4 section 3.1.1.2, OWASP ASVS 6.2)."""

import unicodedata
from collections.abc import Container
from dataclasses import dataclass

from keystead.domain import errors
from keystead.domain.user import EmailAddress

MAX_CODE_POINTS = 1024
"""NIST asks for at least 64; the bound only keeps hashing affordable."""

MAX_BYTES = 4096
"""The same bound in UTF-8, where one code point takes up to four bytes."""

MIN_CONTEXT_WORD = 4
"""Shorter words, like the local part of al@example.com, occur inside good passwords by chance."""


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """
    What a new password must satisfy. There are no composition rules and no expiry, as NIST asks.

    Args:
        min_length: in code points; ASVS 6.2.1 asks for 8, NIST for 15 where it is the only factor.
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
        password = normalise(password)
        if len(password) < self.min_length:
            raise errors.PasswordTooShort(f"Use at least {self.min_length} characters")
        if not is_hashable(password):
            raise errors.PasswordTooLong(
                f"Use at most {MAX_CODE_POINTS} characters ({MAX_BYTES} bytes), without NUL"
            )
        if password.casefold() in self.blocklist:
            raise errors.PasswordBlocklisted(
                "This is one of the most common passwords; choose one that nobody would guess"
            )
        for word in self._context_words(email):
            if _consists_of(password.casefold(), word):
                raise errors.PasswordPredictable(
                    "This is too close to your email or the name of this service; choose another"
                )

    def _context_words(self, email: EmailAddress) -> list[str]:
        local, _, domain = email.partition("@")
        words = [local, email, domain, domain.rpartition(".")[0], self.service_name.casefold()]
        return [word for word in words if len(word) >= MIN_CONTEXT_WORD]


def normalise(password: str) -> str:
    """Return *password* in NFC, so that the same keys typed on two systems match. Nothing is trimmed."""
    return unicodedata.normalize("NFC", password)


def is_hashable(password: str) -> bool:
    """Say whether *password* is within the bounds that hashing accepts."""
    return (
        len(password) <= MAX_CODE_POINTS
        and len(password.encode()) <= MAX_BYTES
        and "\0" not in password
    )


def _consists_of(password: str, word: str) -> bool:
    # What is left once the word is taken out: digits and punctuation around it add nothing.
    rest = password.replace(word, "")
    return rest != password and not any(char.isalpha() for char in rest)
