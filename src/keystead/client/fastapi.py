"""A dependency for FastAPI: routes that ask for it are for those signed in."""

from typing import Literal

from fastapi import HTTPException, WebSocketException
from fastapi.requests import HTTPConnection

from keystead.client.asgi import POLICY_VIOLATION, bearer_of
from keystead.client.outcomes import Identity, Refusal
from keystead.client.verifier import Verifier


class SignedIn:
    """
    Who is asking: `identity: Annotated[Identity, Depends(SignedIn(verifier))]`.

    Args:
        verifier: see `Verifier`.
        strict: ask the server about each request, so that what was revoked is refused at once.
        role: `admin`, to let only admins in; asks the server in any case, since tokens say no role.

    Raises: ValueError: there is no such role, so nobody would come in.

    """

    def __init__(
        self,
        verifier: Verifier,
        *,
        strict: bool = False,
        role: Literal["admin"] | None = None,
    ) -> None:
        if role not in {None, "admin"}:
            raise ValueError(f"role {role!r}: only 'admin' can be asked for")
        self._verifier = verifier
        self._is_strict = strict or role is not None
        self._role = role

    async def __call__(self, connection: HTTPConnection) -> Identity:
        """
        Return who is asking.

        Raises: HTTPException: 401, 403 or 503, as in `Refusal`. WebSocketException: any of these.
        """
        try:
            token = bearer_of(connection.scope["headers"])
            if self._is_strict:
                return await self._verifier.confirm(token, self._role)
            return await self._verifier.verify(token)
        except Refusal as refusal:
            if connection.scope["type"] == "websocket":
                raise WebSocketException(POLICY_VIOLATION, refusal.message) from refusal
            raise HTTPException(
                refusal.status, refusal.message, headers=refusal.headers
            ) from refusal
