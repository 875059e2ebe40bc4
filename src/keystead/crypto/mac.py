"""HMAC-SHA-256 (RFC 2104) with a key that is used again and again."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC


class Mac:
    """
    The 32-byte MAC of any message under one key: `mac(message)`.

    The key is prepared once. And unlike `hmac.digest`, which hands over the interpreter lock for the
    microsecond that it takes, this never waits to get it back.
    """

    def __init__(self, key: bytes) -> None:
        self._keyed = HMAC(key, SHA256())

    def __call__(self, message: bytes) -> bytes:
        """Return the MAC of *message*."""
        keyed = self._keyed.copy()
        keyed.update(message)
        return keyed.finalize()
