"""Verifies access tokens, and asks the server about them where that matters."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Self

import httpx

from keystead.client.keys import PublishedKeys
from keystead.client.outcomes import Forbidden, Identity, TokenRefused, Unavailable
from keystead.client.tokens import key_id_of, read

TIMEOUT_SECONDS = 2.0
"""For one question to the server and its answer."""

KEY_SET_PATH = "/.well-known/jwks.json"
MAX_KEY_SET_BYTES = 64 * 1024


class Verifier:
    """
    One for each program, made once: it keeps the keys.

    Args:
        url: where Keystead is: `https://accounts.example.com`, with the path that it is mounted at, if it
            is. Over anything but the loopback address or a network of your own it must be https.
        issuer: its `KEYSTEAD_ISSUER`.
        audience: its `KEYSTEAD_AUDIENCE`.
        http: to ask with, if certificates or proxies need settings of their own.
        clock: seconds since 1970.

    """

    def __init__(
        self,
        url: str,
        *,
        issuer: str = "keystead",
        audience: str = "keystead",
        http: httpx.AsyncClient | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = url.rstrip("/")
        self._issuer = issuer
        self._audience = audience
        # No proxy from the environment: it would be shown every token.
        self._http = http or httpx.AsyncClient(trust_env=False)
        self._clock = clock
        self._keys = PublishedKeys(self._fetch_keys)

    async def verify(self, token: str) -> Identity:
        """
        Return who *token* speaks for, by its signature alone.

        A session that was ended is noticed when the token expires. The keys are kept, so mostly nobody
        is asked.

        Raises: TokenRefused. Unavailable: the keys are not known.
        """
        key = await self._keys.find(key_id_of(token))
        if key is None:
            raise TokenRefused
        return read(token, key, self._issuer, self._audience, self._clock())

    async def confirm(self, token: str, role: str | None = None) -> Identity:
        """
        Return who *token* speaks for, with the role, once the server has said that it still does.

        Args:   role: `admin`, to let only admins pass.
        Raises: TokenRefused: also if the session ended a moment ago. Forbidden. Unavailable.
        """
        identity = await self.verify(token)  # Junk does not reach the server.
        # An empty role is none that anybody has: the server refuses to say, and nobody comes in.
        query = {} if role is None else {"role": role}
        answer = await self._ask("/auth/verify", {"Authorization": f"Bearer {token}"}, query)
        match answer.status_code:
            case 401:
                raise TokenRefused
            case 403:
                raise Forbidden
            case 204 if self._is_about(answer, identity):
                return replace(identity, role=answer.headers["x-user-role"])
            case _:
                raise Unavailable

    async def close(self) -> None:
        """Close the connections to the server."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        """Use it as `async with`, to close it afterwards."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    def _is_about(self, answer: httpx.Response, identity: Identity) -> bool:
        # An answer of another request, out of a cache that should keep none, is no answer.
        said = [answer.headers.get(name) for name in ("x-user-id", "x-session-id")]
        return said == [identity.user_id, identity.session_id] and "x-user-role" in answer.headers

    async def _fetch_keys(self) -> bytes:
        answer = await self._ask(KEY_SET_PATH, {}, {})
        if answer.status_code != httpx.codes.OK:
            code = answer.status_code
            raise Unavailable from ValueError(f"{self._url}{KEY_SET_PATH} answered {code}")
        if len(answer.content) > MAX_KEY_SET_BYTES:
            raise Unavailable from ValueError(f"over {MAX_KEY_SET_BYTES} bytes")
        return answer.content

    async def _ask(
        self, path: str, headers: dict[str, str], query: dict[str, str]
    ) -> httpx.Response:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                # A redirect is no answer: it would carry the token elsewhere.
                return await self._http.get(
                    self._url + path, headers=headers, params=query, follow_redirects=False
                )
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unavailable from error
