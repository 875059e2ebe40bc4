"""
Tokens against requests from other sites: `ksc_` + base64url( HMAC-SHA-256(csrf key, session id) ).

Bound to a session, computed and never stored. Alone it opens nothing.
"""

import hmac

from keystead.crypto import base64url
from keystead.crypto.keyring import Keyring
from keystead.domain.session import SessionId

PREFIX = "ksc_"


class MacCsrfTokens:
    """Makes and checks them with the keys of one installation."""

    def __init__(self, keyring: Keyring) -> None:
        self._keys = keyring.derive_each("csrf token")
        self._newest = self._keys[keyring.newest_id]

    def issue(self, session_id: SessionId) -> str:
        """Return the one token of the session, the same until the keys change."""
        return _token(self._newest, session_id)

    def is_genuine(self, text: str, session_id: SessionId) -> bool:
        """Say whether *text* was made for this session, with any key that still holds."""
        given = text.encode()
        return any(
            hmac.compare_digest(given, _token(key, session_id).encode())
            for key in self._keys.values()
        )


def _token(key: bytes, session_id: SessionId) -> str:
    mac = hmac.digest(key, session_id.encode(), "sha256")
    return PREFIX + base64url.encode(mac)
