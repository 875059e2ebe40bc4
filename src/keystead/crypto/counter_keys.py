"""The keys of counters: what is counted cannot be read from the database, nor guessed without the keys."""

from keystead.crypto import base64url
from keystead.crypto.keyring import Keyring


class CounterKeys:
    """Makes the keys of counters with the newest key of one installation; `domain.ports.CounterKey`."""

    def __init__(self, keyring: Keyring) -> None:
        self._mac = keyring.derive_each("counter key")[keyring.newest_id]

    def __call__(self, kind: str, subject: str) -> str:
        """Return the key for one *subject* of one *kind*: 43 characters, always the same."""
        # No kind has a NUL in it, so no two pairs are one text.
        return base64url.encode(self._mac(f"{kind}\0{subject}".encode()))
