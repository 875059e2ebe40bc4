"""The one place that asks the operating system for randomness, so that tests can fix it."""

import secrets
from datetime import datetime

SALT_BYTES = 16
MASTER_KEY_BYTES = 32


class SystemRandomness:
    """Ids and salts from the operating system's CSPRNG."""

    def new_id(self, now: datetime) -> str:
        """
        Return a UUID, version 7: 48 bits of Unix milliseconds, then 74 random bits.

        Source: RFC 9562 section 5.7.
        """
        milliseconds = int(now.timestamp() * 1000) & (2**48 - 1)
        random_bits = int.from_bytes(secrets.token_bytes(10))
        high, low = random_bits >> 68, random_bits & (2**62 - 1)
        text = f"{milliseconds:012x}{0x7000 | high:04x}{0b10 << 62 | low:016x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def new_salt(self) -> bytes:
        """Return 16 random bytes."""
        return secrets.token_bytes(SALT_BYTES)


def fraction() -> float:
    """Return a number from 0 to 1, for waits that should not all end at once."""
    return secrets.randbelow(2**32) / 2**32


def new_master_key() -> bytes:
    """Return 32 random bytes, the strength of HMAC-SHA-256."""
    return secrets.token_bytes(MASTER_KEY_BYTES)
