"""Cursors: the key of the last row of a page, in a form that nobody takes for something to edit."""

import base64
import binascii

from keystead.domain.errors import CursorInvalid


def write_cursor(key: str) -> str:
    """Return the cursor that goes on after *key*."""
    return base64.urlsafe_b64encode(key.encode()).rstrip(b"=").decode()


def read_cursor(text: str) -> str:
    """
    Return the key that `write_cursor` was given; only one spelling of it is a cursor.

    Raises: CursorInvalid.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        key = raw.decode()
    except (binascii.Error, ValueError):
        raise CursorInvalid from None
    if "\0" in key or write_cursor(key) != text:
        raise CursorInvalid
    return key
