"""Bytes as text: base64url without padding (RFC 4648 section 5), as JOSE writes it too."""

import base64


def encode(body: bytes) -> str:
    """Return *body* as text."""
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """
    Return what *text* stands for; several texts can stand for the same.

    Raises: binascii.Error.
    """
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
