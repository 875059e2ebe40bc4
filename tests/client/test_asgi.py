"""The middleware: what reaches the application behind it."""

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from keystead.client import Verifier
from keystead.client.asgi import SignedInOnly
from tests.people import Person

pytestmark = pytest.mark.only_on(
    "sqlite", because="another service sees nothing of the database behind the API"
)

seen: list[str] = []


async def behind(scope: Scope, receive: Receive, send: Send) -> None:
    seen.append(scope["type"])
    if scope["type"] == "http":
        identity = Request(scope).state.identity
        await PlainTextResponse(f"{identity.user_id} {identity.role}")(scope, receive, send)


@pytest.fixture(params=[False, True], ids=["by token", "strict"])
def strict(request: pytest.FixtureRequest) -> bool:
    seen.clear()
    is_strict: bool = request.param
    return is_strict


@pytest.fixture
def client(verifier: Verifier, *, strict: bool) -> httpx.AsyncClient:
    app = SignedInOnly(behind, verifier, strict=strict)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notes")


async def test_the_application_sees_who_is_asking(
    client: httpx.AsyncClient, bob: Person, *, strict: bool
) -> None:
    answer = await client.get("/", headers=bob.bearer)

    assert answer.text == f"{bob.id} {'user' if strict else None}"


@pytest.mark.parametrize(
    ("headers", "challenge", "code"),
    [
        ([], "Bearer", "token_missing"),
        ([("Authorization", "Basic Ym9iOmJvYg==")], "Bearer", "token_missing"),
        ([("Authorization", "Bearer garbage")], 'Bearer error="invalid_token"', "token_invalid"),
        ([("Authorization", "Bearer")], 'Bearer error="invalid_token"', "token_invalid"),
    ],
)
async def test_nobody_else_comes_in(
    client: httpx.AsyncClient, headers: list[tuple[str, str]], challenge: str, code: str
) -> None:
    answer = await client.get("/", headers=headers)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == challenge
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert seen == []


async def test_two_tokens_are_none(client: httpx.AsyncClient, ada: Person, bob: Person) -> None:
    headers = [("Authorization", f"Bearer {each.access_token}") for each in (ada, bob)]

    assert (await client.get("/", headers=headers)).status_code == 401
    assert seen == []


async def test_a_server_that_is_away_is_503() -> None:
    seen.clear()
    async with Verifier("http://127.0.0.1:9") as verifier:
        transport = httpx.ASGITransport(SignedInOnly(behind, verifier))
        async with httpx.AsyncClient(transport=transport, base_url="http://notes") as client:
            token = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6IngifQ.e30.AA"
            answer = await client.get("/", headers={"Authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert seen == []


async def test_a_websocket_without_a_token_is_closed_and_one_with_comes_through(
    verifier: Verifier, bob: Person, *, strict: bool
) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    app = SignedInOnly(behind, verifier, strict=strict)
    token = f"Bearer {bob.access_token}".encode()
    await app({"type": "websocket", "headers": []}, receive, send)
    assert (sent, seen) == ([{"type": "websocket.close", "code": 1008}], [])

    await app({"type": "websocket", "headers": [(b"authorization", token)]}, receive, send)
    assert seen == ["websocket"]


async def test_start_and_stop_reach_the_application(verifier: Verifier) -> None:
    seen.clear()

    async def nothing(*_: object) -> Message:
        return {}

    await SignedInOnly(behind, verifier)({"type": "lifespan"}, nothing, nothing)  # type: ignore[arg-type]

    assert seen == ["lifespan"]
