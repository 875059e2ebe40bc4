"""
The keys that the server publishes, kept for a while.

How often the server is asked depends on the clock, never on what is presented: a flood of tokens with
made-up key ids costs it one request in `RETRY_SECONDS`.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from keystead.client.outcomes import Unavailable

FRESH_SECONDS = 300.0
"""How long keys are used without asking again; what the server's Cache-Control says."""

STALE_SECONDS = 3600.0
"""How long they are used while the server does not answer."""

RETRY_SECONDS = 10.0
"""The least time between two requests for them, whatever the reason."""

MAX_KEYS = 32
"""More than these are not looked at; an installation has one or two."""

log = logging.getLogger("keystead.client")


class PublishedKeys:
    """
    Key id -> public key, as of the last answer.

    Args:
        fetch: gets the key set as JSON. Raises: Unavailable.
        monotonic: the time in seconds, from any beginning.

    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[bytes]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._keys: dict[str, ECKey] = {}
        self._loaded_at = float("-inf")
        self._asked_at = float("-inf")
        self._has_failed = False
        self._flight: asyncio.Task[None] | None = None

    async def find(self, key_id: str) -> ECKey | None:
        """
        Return the key, or None if the server publishes no such key.

        Raises: Unavailable: the server does not answer, and it is not among those known, or these are
                too old.
        """
        if key_id not in self._keys or self._age() >= FRESH_SECONDS:
            await self._refresh(is_known=key_id in self._keys)
        if self._age() >= STALE_SECONDS:
            raise Unavailable
        if key_id not in self._keys and self._has_failed:
            raise Unavailable  # It may be a new one: the last question was not answered.
        return self._keys.get(key_id)

    def _age(self) -> float:
        return self._monotonic() - self._loaded_at

    async def _refresh(self, *, is_known: bool) -> None:
        if self._flight is None:
            if self._monotonic() - self._asked_at < RETRY_SECONDS:
                return
            self._flight = asyncio.create_task(self._load())
        if is_known and self._has_failed and self._age() < STALE_SECONDS:
            return  # A server that hangs would have everybody wait, time and again.
        # Shielded: whoever stops waiting must not take the answer from the others who wait.
        await asyncio.shield(self._flight)

    async def _load(self) -> None:
        self._asked_at = self._monotonic()
        try:
            keys = _read(await self._fetch())
        except (Unavailable, ValueError, RecursionError) as error:
            self._has_failed = True
            log.warning("the keys of Keystead could not be fetched: %r", error.__cause__ or error)
        else:
            # Those that are not published any more are gone: that is how a key is withdrawn.
            self._keys, self._loaded_at, self._has_failed = keys, self._asked_at, False
        finally:
            self._flight = None


def _read(text: bytes) -> dict[str, ECKey]:
    match json.loads(text):
        case {"keys": [*found]}:
            keys = (_key(each) for each in found[:MAX_KEYS])
            return dict(key for key in keys if key is not None)
        case _:
            raise ValueError("not a JSON Web Key Set")


def _key(found: object) -> tuple[str, ECKey] | None:
    # RFC 7517 section 5: what is of no use here is passed over, it may be for others.
    match found:
        case {
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig",
            "kid": str(key_id), "x": str(x), "y": str(y),
        }:  # fmt: skip
            pass
        case _:
            return None
    try:
        return key_id, ECKey.import_key({"kty": "EC", "crv": "P-256", "x": x, "y": y})
    except (JoseError, ValueError):
        return None
