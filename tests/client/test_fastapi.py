"""The dependency for FastAPI: who comes in by which route."""

from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI
from starlette.types import Message
from starlette.websockets import WebSocket

from keystead.client import Identity, Unavailable, Verifier
from keystead.client.asgi import POLICY_VIOLATION
from keystead.client.fastapi import SignedIn
from tests.people import Person

pytestmark = pytest.mark.only_on(
    "sqlite", because="another service sees nothing of the database behind the API"
)


def service_with(verifier: Verifier) -> FastAPI:
    app = FastAPI()

    @app.get("/anybody")
    async def get_anybody(who: Annotated[Identity, Depends(SignedIn(verifier))]) -> str:
        return who.user_id

    @app.get("/admins")
    async def get_admins(
        who: Annotated[Identity, Depends(SignedIn(verifier, role="admin"))],
    ) -> str:
        return who.user_id

    @app.websocket("/talk")
    async def talk(
        socket: WebSocket, who: Annotated[Identity, Depends(SignedIn(verifier))]
    ) -> None:
        await socket.accept()
        await socket.send_text(who.user_id)

    return app


async def test_the_route_says_who_comes_in(verifier: Verifier, ada: Person, bob: Person) -> None:
    transport = httpx.ASGITransport(service_with(verifier))
    async with httpx.AsyncClient(transport=transport, base_url="http://service.example") as client:
        for path, person, status in (
            ("/anybody", bob, 200), ("/anybody", ada, 200), ("/admins", bob, 403), ("/admins", ada, 200),
        ):  # fmt: skip
            answer = await client.get(path, headers=person.bearer)
            assert answer.status_code == status, (path, person.email)
            assert status != 200 or answer.json() == person.id
        assert (await client.get("/anybody")).headers["www-authenticate"] == "Bearer"


async def test_a_socket_is_opened_with_a_good_token_only(verifier: Verifier, bob: Person) -> None:
    app = service_with(verifier)

    async def sent_to(*headers: tuple[bytes, bytes]) -> list[Message]:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        scope = {"type": "websocket", "path": "/talk", "query_string": b"", "headers": [*headers]}
        await app(scope, receive, send)
        return sent

    for headers in ([], [(b"authorization", b"Bearer garbage")]):
        (closed,) = await sent_to(*headers)
        assert (closed["type"], closed["code"]) == ("websocket.close", POLICY_VIOLATION)
    token = f"Bearer {bob.access_token}".encode()
    opened, told, *_ = await sent_to((b"authorization", token))
    assert (opened["type"], told["text"]) == ("websocket.accept", bob.id)


@pytest.mark.parametrize("role", ["", "user", "Admin"])
async def test_a_role_that_nobody_can_be_asked_for_lets_nobody_in(
    verifier: Verifier, ada: Person, role: str
) -> None:
    with pytest.raises(ValueError, match="only 'admin' can be asked for"):
        SignedIn(verifier, role=role)  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        await verifier.confirm(ada.access_token, role)
