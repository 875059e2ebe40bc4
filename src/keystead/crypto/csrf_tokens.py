"""
Tokens against requests from other sites: `ksc_` + base64url( HMAC-SHA-256(csrf key, session id) ).

Bound to a session, computed and never stored. Alone it opens nothing.
"""

import hmac

from keystead.crypto import base64url
from keystead.crypto.keyring import Keyring
from keystead.crypto.mac import Mac
from keystead.domain.session import SessionId

PREFIX = "ksc_"


class MacCsrfTokens:
    """Makes and checks them with the keys of one installation."""

    def __init__(self, keyring: Keyring) -> None:
        self._macs = keyring.derive_each("csrf token")
        self._newest = self._macs[keyring.newest_id]

    def issue(self, session_id: SessionId) -> str:
        """Return the one token of the session, the same until the keys change."""
        return _token(self._newest, session_id)

    def is_genuine(self, text: str, session_id: SessionId) -> bool:
        """Say whether *text* was made for this session, with any key that still holds."""
        given = text.encode()
        return any(
            hmac.compare_digest(given, _token(mac, session_id).encode())
            for mac in self._macs.values()
        )


def _token(mac: Mac, session_id: SessionId) -> str:
    return PREFIX + base64url.encode(mac(session_id.encode()))
