"""A middleware for any ASGI application: nobody comes in without a good token."""

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from keystead.client.outcomes import Identity, Refusal, TokenRefused
from keystead.client.verifier import Verifier

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY_VIOLATION = 1008
"""Why a WebSocket is closed (RFC 6455 section 7.4.1)."""


class SignedInOnly:
    """
    Serves only requests with a good token; `request.state.identity` says whose.

    Args:
        app: the application behind it. It never sees anybody else, on any path.
        verifier: see `Verifier`.
        strict: ask the server about each request, so that what was revoked is refused at once.

    """

    def __init__(self, app: Application, verifier: Verifier, *, strict: bool = False) -> None:
        self._app = app
        self._find = verifier.confirm if strict else verifier.verify

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection event."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        try:
            identity = await self._identity(scope)
        except Refusal as refusal:
            await _refuse(scope, refusal, send)
            return
        scope["state"] = {**scope.get("state", {}), "identity": identity}
        await self._app(scope, receive, send)

    async def _identity(self, scope: Scope) -> Identity:
        return await self._find(bearer_of(scope["headers"]))


def bearer_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """
    Return the one bearer token of the Authorization header (RFC 6750 section 2.1).

    Raises: TokenRefused: there is none, or several.
    """
    values = [value for name, value in headers if name.lower() == b"authorization"]
    if not values:
        raise TokenRefused(is_missing=True)
    scheme, _, token = values[0].decode("latin-1").partition(" ")
    if scheme.lower() != "bearer":
        raise TokenRefused(is_missing=True)
    if len(values) > 1:
        raise TokenRefused
    return token.strip(" ")


async def _refuse(scope: Scope, refusal: Refusal, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        return
    body = json.dumps(
        {"message": refusal.message, "status": refusal.status, "code": refusal.code}
    ).encode()
    headers = {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        **refusal.headers,
    }
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
