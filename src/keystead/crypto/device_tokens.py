"""
Device tokens: `ksd_` + base64url( version | key id | device id | time | proof ).

::

    head   = version (1) | key id (1) | device id (16, random) | seconds since 1970 (4, big endian)
    proof  = HMAC-SHA-256(device key, head | id of the account)

The id is not in it, and yet it is good for that one account only: whoever signs in names the account,
and the proof holds for it or not. It is the id and not the address, which somebody else may get after
the account is deleted: tokens cannot be collected for an account that will be. Nothing is stored.
"""

import hmac
import re
import struct
from datetime import UTC, datetime

from keystead.crypto import base64url
from keystead.crypto.keyring import Keyring
from keystead.domain.ports import Randomness
from keystead.domain.throttle import DEVICE_LIFETIME
from keystead.domain.tokens import DeviceTokenText
from keystead.domain.user import UserId

PREFIX = "ksd_"
VERSION = 1
HEAD = struct.Struct(">BB16sI")
PROOF_BYTES = 32

_SHAPE = re.compile(PREFIX + rf"[A-Za-z0-9_-]{{{-(-(HEAD.size + PROOF_BYTES) * 8 // 6)}}}")


class MacDeviceTokens:
    """Makes and reads device tokens with the keys of one installation."""

    def __init__(self, keyring: Keyring, random: Randomness) -> None:
        self._key_id = keyring.newest_id
        self._macs = keyring.derive_each("device token")
        self._random = random

    def issue(self, owner: UserId, now: datetime) -> DeviceTokenText:
        """Return a new token for one account on one device."""
        seconds = int(now.timestamp())
        head = HEAD.pack(VERSION, self._key_id, self._random.new_salt(), seconds)
        body = head + self._proof(self._key_id, head, owner)
        return DeviceTokenText(PREFIX + base64url.encode(body))

    def find_device(self, text: str, owner: UserId | None, now: datetime) -> str | None:
        """Return the device's id, if *text* is genuine, of this account and not too old."""
        if not _SHAPE.fullmatch(text):
            return None
        body = base64url.decode(text.removeprefix(PREFIX))
        head, proof = body[: HEAD.size], body[HEAD.size :]
        version, key_id, device, seconds = HEAD.unpack(head)
        if version != VERSION or key_id not in self._macs:
            return None
        if not hmac.compare_digest(proof, self._proof(key_id, head, owner)):
            return None
        age = now - datetime.fromtimestamp(seconds, UTC)
        return device.hex() if age < DEVICE_LIFETIME else None

    def _proof(self, key_id: int, head: bytes, owner: UserId | None) -> bytes:
        # For nobody it takes the same work, and is one that no token was ever given.
        return self._macs[key_id](head + (owner or "").encode())
