"""
Refresh tokens: `ksr_` + base64url( version | key id | session id | generation | seal | proof ).

::

    head   = version (1) | key id (1) | session id (16) | generation (4, big endian)
    seal   = HMAC-SHA-256(seal key, head)[:16]
    proof  = HMAC-SHA-256(refresh key, head | session salt)

A token is computed from its session and stored nowhere. The keys live outside the database and the
salt only inside it, so neither a database dump nor a leaked key alone can make one. The seal needs
no salt: a forged token is refused before any query runs.
"""

import binascii
import hmac
import re
import struct
import uuid

from keystead.crypto import base64url
from keystead.crypto.keyring import Keyring
from keystead.domain.errors import RefreshInvalid
from keystead.domain.session import Session, SessionId
from keystead.domain.tokens import RefreshToken, RefreshTokenText

PREFIX = "ksr_"
VERSION = 1
HEAD = struct.Struct(">BB16sI")
SEAL_BYTES = 16
PROOF_BYTES = 32

_BODY_BYTES = HEAD.size + SEAL_BYTES + PROOF_BYTES
_SHAPE = re.compile(PREFIX + rf"[A-Za-z0-9_-]{{{-(-_BODY_BYTES * 8 // 6)}}}")


class MacRefreshTokens:
    """Makes and reads refresh tokens with the keys of one installation."""

    def __init__(self, keyring: Keyring) -> None:
        self._key_id = keyring.newest_id
        self._seals = keyring.derive_each("refresh token seal")
        self._proofs = keyring.derive_each("refresh token proof")

    def issue(self, session: Session) -> RefreshTokenText:
        """Return the one token for the session's current generation: always the same text."""
        session_id = uuid.UUID(session.id).bytes
        head = HEAD.pack(VERSION, self._key_id, session_id, session.generation)
        body = head + self._seal(self._key_id, head) + self._proof(self._key_id, head, session.salt)
        return RefreshTokenText(PREFIX + base64url.encode(body))

    def read(self, text: str) -> RefreshToken:
        """
        Take a token apart once its seal holds; needs no database.

        Raises: RefreshInvalid.
        """
        body = _decode(text)
        head, seal = body[: HEAD.size], body[HEAD.size : HEAD.size + SEAL_BYTES]
        version, key_id, session_id, generation = HEAD.unpack(head)
        if version != VERSION or key_id not in self._seals:
            raise RefreshInvalid
        if not hmac.compare_digest(seal, self._seal(key_id, head)):
            raise RefreshInvalid
        return RefreshToken(
            key_id=key_id,
            session_id=SessionId(str(uuid.UUID(bytes=session_id))),
            generation=generation,
            head=head,
            proof=body[HEAD.size + SEAL_BYTES :],
        )

    def is_genuine(self, token: RefreshToken, session: Session) -> bool:
        """Say whether the token's proof holds against the session's salt."""
        return hmac.compare_digest(token.proof, self._proof(token.key_id, token.head, session.salt))

    def _seal(self, key_id: int, head: bytes) -> bytes:
        return self._seals[key_id](head)[:SEAL_BYTES]

    def _proof(self, key_id: int, head: bytes, salt: bytes) -> bytes:
        return self._proofs[key_id](head + salt)


def _decode(text: str) -> bytes:
    if not _SHAPE.fullmatch(text):
        raise RefreshInvalid
    encoded = text.removeprefix(PREFIX)
    try:
        body = base64url.decode(encoded)
    except binascii.Error:
        raise RefreshInvalid from None
    # The last character carries bits that decode to nothing: only one spelling is the token.
    if base64url.encode(body) != encoded:
        raise RefreshInvalid
    return body
