"""An e-mail address in its one canonical form: what is unique, stored, counted and searched."""

import unicodedata

import idna
from email_validator import EmailNotValidError, validate_email

from keystead.domain.errors import FieldError, InputInvalid
from keystead.domain.user import EmailAddress

MAX_LENGTH = 254
"""RFC 5321 section 4.5.3.1.3, less the brackets. Checked first: a megabyte costs 0.5 s to parse."""


def canonical_email(text: str) -> EmailAddress:
    """
    Trim, bring to NFC and lower case, and write the domain in IDNA A-labels.

    What looks the same is the same account, and `canonical_email` of its own result changes nothing.

    Raises: InputInvalid: for the member `email`.
    """
    text = text.strip()
    if len(text) > MAX_LENGTH:
        raise _too_long()
    try:
        valid = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise InputInvalid(FieldError("email", f"Not a valid email address: {error}")) from None
    # Lower case can undo NFC, and make it longer (a capital I with a dot above becomes two code
    # points).
    local = unicodedata.normalize("NFC", valid.local_part.lower())
    address = f"{local}@{valid.ascii_domain.lower()}"
    if len(address.encode()) > MAX_LENGTH:
        raise _too_long()
    return EmailAddress(address)


def _too_long() -> InputInvalid:
    return InputInvalid(FieldError("email", f"Use at most {MAX_LENGTH} characters"))


def search_prefix(text: str) -> str:
    """
    Bring the beginning of an address to the form that addresses are stored in. Never raises.

    A label of the domain that is not ASCII is found once it is typed to its end.
    """
    local, at, domain = unicodedata.normalize("NFC", text.strip().lower()).partition("@")
    return local + at + ".".join(_a_label(label) for label in domain.split("."))


def _a_label(label: str) -> str:
    try:
        return label if label.isascii() else idna.alabel(label).decode()
    except idna.IDNAError:
        return label
