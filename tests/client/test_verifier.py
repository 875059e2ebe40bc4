"""What another service takes for a good token, against every way to make one up."""

import json
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from keystead.client import Forbidden, Identity, TokenRefused, Unavailable, Verifier
from tests.attacks.forge import (
    Json,
    ecdsa_with,
    encode,
    hmac_with,
    put_together,
    stolen_key,
    take_apart,
    unsigned,
)
from tests.client.conftest import seconds_of
from tests.conftest import HOME, Clock, Service
from tests.databases import Database
from tests.people import Person
from tests.web.calls import session_of

pytestmark = pytest.mark.only_on(
    "sqlite", because="another service sees nothing of the database behind the API"
)


async def is_refused(verifier: Verifier, token: str) -> bool:
    for ask in (verifier.verify, verifier.confirm):
        try:
            await ask(token)
        except TokenRefused:
            continue
        return False
    return True


async def test_a_genuine_token_says_who(verifier: Verifier, bob: Person, ada: Person) -> None:
    found = await verifier.verify(bob.access_token)
    confirmed = await verifier.confirm(bob.access_token)
    admin = await verifier.confirm(ada.access_token, "admin")

    assert (found.user_id, found.session_id) == (bob.id, await session_of(bob))
    assert found.role is None
    assert confirmed == Identity(found.user_id, found.session_id, found.expires_at, "user")
    assert (admin.user_id, admin.role) == (ada.id, "admin")
    with pytest.raises(Forbidden):
        await verifier.confirm(bob.access_token, "admin")


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "HS256"},
        {"alg": "ES384"},
        {"alg": "es256"},
        {"typ": "JWT"},
        {"typ": "at+JWT"},
        {"typ": None},
        {"kid": "made up"},
        {"kid": None},
        {"kid": 7},
        {"jku": "https://127.0.0.1:9/jwks.json"},
        {"jwk": {"kty": "EC"}},
        {"crit": ["exp"]},
        {"b64": False},
        {"zip": "DEF"},
    ],
)
async def test_a_header_that_is_not_the_servers_is_refused_whoever_signed(
    verifier: Verifier, bob: Person, database: Database, header: Json
) -> None:
    genuine, claims = take_apart(bob.access_token)
    forged = {name: value for name, value in {**genuine, **header}.items() if value is not None}
    (key,) = (await bob.client.get("/.well-known/jwks.json")).json()["keys"]
    public = json.dumps(key).encode()

    for sign in (ecdsa_with(stolen_key(database)), unsigned, hmac_with(public)):
        assert await is_refused(verifier, put_together(forged, claims, sign))
    assert await verifier.verify(bob.access_token)


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "somebody else"},
        {"iss": None},
        {"aud": "another service"},
        {"aud": ["keystead"]},
        {"aud": None},
        {"exp": None},
        {"exp": "9999999999"},
        {"exp": True},
        {"exp": 1e12},
        {"exp": 10**30},
        {"nbf": 4_000_000_000},
        {"iat": 4_000_000_000},
        {"sub": None},
        {"sub": 7},
        {"sid": None},
        {"jti": None},
    ],
)
async def test_a_claim_that_is_not_as_it_should_be_is_refused_though_the_key_is_right(
    verifier: Verifier, bob: Person, database: Database, change: Json
) -> None:
    header, claims = take_apart(bob.access_token)
    changed = {name: value for name, value in {**claims, **change}.items() if value is not None}

    token = put_together(header, changed, ecdsa_with(stolen_key(database)))

    assert await is_refused(verifier, token)
    untouched = put_together(header, claims, ecdsa_with(stolen_key(database)))
    assert (await verifier.verify(untouched)).user_id == bob.id


async def test_an_issuer_that_is_not_the_expected_one_is_told_to_whoever_runs_the_service(
    service: Service, bob: Person, caplog: pytest.LogCaptureFixture
) -> None:
    async with Verifier(HOME, issuer=HOME, http=service.client()) as verifier:
        assert await is_refused(verifier, bob.access_token)
        assert await is_refused(verifier, "garbage")

    assert (
        f"issuer 'keystead' for audience 'keystead' was refused: Verifier has issuer '{HOME}'"
        in (caplog.text)
    )
    assert "garbage" not in caplog.text
    assert bob.access_token not in caplog.text


async def test_why_the_keys_cannot_be_had_is_told_too(
    service: Service, bob: Person, caplog: pytest.LogCaptureFixture
) -> None:
    async with Verifier("http://elsewhere.example", http=service.client()) as verifier:
        with pytest.raises(Unavailable):
            await verifier.verify(bob.access_token)

    assert "http://elsewhere.example/.well-known/jwks.json answered 421" in caplog.text


async def test_another_key_under_the_right_id_is_refused(verifier: Verifier, bob: Person) -> None:
    header, claims = take_apart(bob.access_token)
    other = ec.generate_private_key(ec.SECP256R1())

    assert await is_refused(verifier, put_together(header, claims, ecdsa_with(other)))


def tampered(token: str) -> list[str]:
    signed = token.rpartition(".")[0]
    return [
        token[:-1],
        f"{token}=",
        f"{token}.",
        f"{signed}.",
        f"{signed}.{encode(bytes(64))}",
        token.replace(".", "..", 1),
        f" {token}",
        token + "A" * 5000,
        "",
        "garbage",
        "é.é.é",
        "....",
        encode(b'{"alg":' * 500) + ".e30.AA",
        encode(b"[" * 2000) + ".e30.AA",
    ]


async def test_a_token_that_was_changed_is_refused(verifier: Verifier, bob: Person) -> None:
    for token in tampered(bob.access_token):
        assert await is_refused(verifier, token), token
    assert await verifier.verify(bob.access_token)


async def test_a_refresh_token_is_no_access_token(verifier: Verifier, bob: Person) -> None:
    assert bob.refresh_token is not None
    assert await is_refused(verifier, bob.refresh_token)


async def test_a_token_ends_at_its_second(verifier: Verifier, bob: Person, clock: Clock) -> None:
    expires_at = (await verifier.verify(bob.access_token)).expires_at
    clock.now = expires_at
    with pytest.raises(TokenRefused):
        await verifier.verify(bob.access_token)


async def test_what_was_revoked_is_refused_at_the_next_request_where_the_server_is_asked(
    verifier: Verifier, ada: Person, bob: Person
) -> None:
    other = await verifier.confirm(ada.access_token, "admin")
    await verifier.confirm(bob.access_token)

    await bob.client.post("/auth/logout")

    with pytest.raises(TokenRefused):
        await verifier.confirm(bob.access_token)
    assert (
        await verifier.verify(bob.access_token)
    ).user_id == bob.id  # The bargain of the other way.
    assert await verifier.confirm(ada.access_token, "admin") == other


async def test_while_the_database_is_away_it_is_not_the_tokens_fault(
    verifier: Verifier, service: Service, bob: Person
) -> None:
    await verifier.verify(bob.access_token)
    await service.tools.store.close()

    with pytest.raises(Unavailable):
        await verifier.confirm(bob.access_token)
    assert (await verifier.verify(bob.access_token)).user_id == bob.id


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {}),
        (204, {}),
        (204, {"X-User-Id": "somebody else", "X-User-Role": "admin", "X-Session-Id": "another"}),
        (302, {"Location": "http://127.0.0.1:9/"}),
        (400, {}),
        (404, {}),
        (421, {}),
        (429, {}),
        (500, {}),
    ],
)
async def test_an_answer_that_is_none_lets_nobody_in(
    service: Service, bob: Person, clock: Clock, status: int, headers: dict[str, str]
) -> None:
    real = httpx.ASGITransport(service.app)

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/verify":
            return httpx.Response(status, headers=headers)
        return await real.handle_async_request(request)

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    async with Verifier(HOME, http=http, clock=seconds_of(clock)) as verifier:
        with pytest.raises(Unavailable):
            await verifier.confirm(bob.access_token)


async def test_a_server_that_is_not_there_is_unavailable(bob: Person) -> None:
    async with Verifier("http://127.0.0.1:9") as verifier:
        with pytest.raises(Unavailable):
            await verifier.verify(bob.access_token)


async def test_junk_does_not_reach_the_server(verifier: Verifier, bob: Person) -> None:
    header, claims = take_apart(bob.access_token)
    asked: list[str] = []

    async def count(request: httpx.Request) -> None:
        asked.append(request.url.path)

    verifier._http.event_hooks["request"] = [count]
    for number in range(50):
        forged: Any = {**header, "kid": f"made up {number}"}
        assert await is_refused(verifier, put_together(forged, claims, unsigned))

    assert asked == ["/.well-known/jwks.json"]
