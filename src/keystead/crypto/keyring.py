"""
The keys of one installation, what each is used for, and from when on.

There are master keys, by id, and the keys that sign access tokens. Everything else is derived from a
master key by HKDF (RFC 5869), one label per purpose, so that no key serves twice.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import ECKey

from keystead.crypto.mac import Mac
from keystead.crypto.random import new_master_key
from keystead.domain.keys import KeyLine, KeyState, KeyUse

FIRST_KEY_ID = 1
MAX_KEY_ID = 255
"""A key id is one byte of a refresh token."""

SIGNING_CURVE = "P-256"
"""What ES256 signs with (RFC 7518 section 3.4)."""

BEGINNING = datetime.min.replace(tzinfo=UTC)

Starts = dict[KeyUse, dict[str, datetime]]


@dataclass(frozen=True, slots=True)
class Keyring:
    """
    The keys as read, or with `at` those of one use at one moment.

    Args:
        master_keys: key id (1..255) -> 32 bytes. One makes new secrets, every id verifies old ones.
        signing_keys: EC P-256 private keys as JWK; the last one signs, all of them verify.
        starts: for each use the ids of its keys, and from when on each makes. A use that is not
            in it has all keys, from the beginning.
        maker: the key id that makes; None: the highest.

    """

    master_keys: dict[int, bytes]
    signing_keys: tuple[dict[str, Any], ...]
    starts: Starts = field(default_factory=dict)
    maker: int | None = None

    @property
    def newest_id(self) -> int:
        """The key id that new secrets are made with."""
        return max(self.master_keys) if self.maker is None else self.maker

    @property
    def fingerprint(self) -> str:
        """
        Sixteen hex digits that change with the oldest master key and reveal nothing of it.

        Kept in the database: data without its secrets must be noticed before new ones are made.
        """
        oldest = self.master_keys[min(self.master_keys)]
        return derive(oldest, "fingerprint").hex()[:16]

    def derive_each(self, purpose: str) -> dict[int, Mac]:
        """Return the MAC for *purpose* under every key id; each has a key of its own."""
        return {key_id: Mac(derive(key, purpose)) for key_id, key in self.master_keys.items()}

    def at(self, use: KeyUse, now: datetime) -> "Keyring":
        """Return the keys of one use, so that the one that makes at *now* is the newest."""
        lines = self.lines(use, now)
        ids = [line.id for line in lines]
        active = next(line.id for line in lines if line.state is KeyState.ACTIVE)
        if use is KeyUse.SIGNING:
            known = {key["kid"]: key for key in self.signing_keys}
            others = [known[kid] for kid in ids if kid != active]
            return replace(self, signing_keys=(*others, known[active]), starts={})
        kept = {int(key_id): self.master_keys[int(key_id)] for key_id in ids}
        return replace(self, master_keys=kept, starts={}, maker=int(active))

    def for_records(self, now: datetime) -> "Keyring":
        """Return all master keys, also retired ones; the newest of those that make anything makes."""
        uses = (KeyUse.REFRESH, KeyUse.PEPPER)
        return replace(self, starts={}, maker=max(self.at(use, now).newest_id for use in uses))

    def for_counters(self) -> "Keyring":
        """Return the first master key alone: with another one, all counting would begin anew."""
        first = min(self.master_keys)
        return replace(self, master_keys={first: self.master_keys[first]}, starts={})

    def lines(self, use: KeyUse, now: datetime) -> list[KeyLine]:
        """Describe the keys of one use, in the order in which they make."""
        starts = sorted(self.starts_of(use).items(), key=lambda each: each[1])  # Stable.
        begun = sum(start <= now for _, start in starts)
        active = max(begun, 1) - 1  # A clock that was set back: somebody has to make.
        states = [KeyState.RETIRING] * active + [KeyState.ACTIVE]
        states += [KeyState.NEXT] * (len(starts) - len(states))
        return [
            KeyLine(
                use,
                key_id,
                states[place],
                since=None if start == BEGINNING else start,
                until=starts[place + 1][1] if place < active else None,
            )
            for place, (key_id, start) in enumerate(starts)
        ]

    def all_lines(self, now: datetime) -> list[KeyLine]:
        """Describe the keys of every use, one use after the other."""
        return [line for use in KeyUse for line in self.lines(use, now)]

    def starts_of(self, use: KeyUse) -> dict[str, datetime]:
        """Return the ids of the keys of one use, each with the time from which on it makes."""
        if use in self.starts:
            return self.starts[use]
        if use is KeyUse.SIGNING:
            return {key["kid"]: BEGINNING for key in self.signing_keys}
        return {str(key_id): BEGINNING for key_id in sorted(self.master_keys)}

    def with_key(self, use: KeyUse, start: datetime) -> "Keyring":
        """Return these keys and a new one, which makes from *start* on."""
        every = {each: self.starts_of(each) for each in KeyUse}
        if use is KeyUse.SIGNING:
            key = new_signing_key()
            starts = {**every, use: {**every[use], key["kid"]: start}}
            return replace(self, signing_keys=(*self.signing_keys, key), starts=starts)
        key_id = max(self.master_keys) + 1
        starts = {**every, use: {**every[use], str(key_id): start}}
        master_keys = {**self.master_keys, key_id: new_master_key()}
        return replace(self, master_keys=master_keys, starts=starts)

    def without_key(self, use: KeyUse, key_id: str) -> "Keyring":
        """Return these keys without one of a use; a master key is kept for what was recorded."""
        starts = {each: dict(self.starts_of(each)) for each in KeyUse}
        del starts[use][key_id]
        left = tuple(
            key for key in self.signing_keys if use is not KeyUse.SIGNING or key["kid"] != key_id
        )
        return replace(self, signing_keys=left, starts=starts)


def derive(master_key: bytes, purpose: str) -> bytes:
    """Derive the 32-byte key for one purpose."""
    info = f"keystead v1 {purpose}".encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(master_key)


def new_keyring() -> Keyring:
    """Make the keys of a new installation."""
    return Keyring({FIRST_KEY_ID: new_master_key()}, (new_signing_key(),))


def new_signing_key() -> dict[str, Any]:
    """Make a private key as JWK; its id is its thumbprint (RFC 7638)."""
    key = ECKey.generate_key(SIGNING_CURVE)
    return {**key.as_dict(private=True), "kid": key.thumbprint()}


def digest(text: str) -> str:
    """Return the SHA-256 of *text* in hex: for recognising a value without keeping it."""
    return hashlib.sha256(text.encode()).hexdigest()
