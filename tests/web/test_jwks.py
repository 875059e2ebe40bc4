"""The published keys: enough to verify every token with, and nothing that could make one."""

import json
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey

from tests.attacks.forge import decode, take_apart
from tests.conftest import Service, StartService
from tests.databases import Database, secrets_of
from tests.people import Person

PUBLIC = {"kid", "kty", "crv", "x", "y", "alg", "use"}


async def keys_of(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    keys: list[dict[str, Any]] = answer.json()["keys"]
    return keys


def is_signed_by(token: str, key: dict[str, Any]) -> bool:
    """Verify ES256 by hand (RFC 7518 section 3.4); raises InvalidSignature if it is not."""
    x, y = (int.from_bytes(decode(key[name])) for name in ("x", "y"))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    signed, _, signature = token.rpartition(".")
    raw = decode(signature)
    r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
    public.verify(utils.encode_dss_signature(r, s), signed.encode(), ec.ECDSA(SHA256()))
    return True


async def test_a_token_verifies_with_the_published_key_that_it_names(bob: Person) -> None:
    header, _ = take_apart(bob.access_token)

    (key,) = await keys_of(bob.client)

    assert key["kid"] == header["kid"]
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
    assert is_signed_by(bob.access_token, key)


async def test_no_part_of_a_private_key_is_published(
    anybody: httpx.AsyncClient, database: Database
) -> None:
    answer = await anybody.get("/.well-known/jwks.json")

    secrets = json.loads(secrets_of(database).read_bytes())
    private = [key["d"] for key in secrets["signing_keys"]] + list(secrets["master_keys"].values())
    assert [set(key) for key in answer.json()["keys"]] == [PUBLIC]
    assert [secret for secret in private if secret in answer.text] == []


async def test_a_shared_secret_publishes_nothing(start: StartService) -> None:
    secret = "fB7hXx0w2Gk5v1qZr9mYtE3sLuPnJdAc"
    client = (await start(jwt_secret=secret)).client()

    answer = await client.get("/.well-known/jwks.json")

    assert answer.json() == {"keys": []}
    assert secret not in answer.text


async def test_after_a_rotation_old_and_new_tokens_verify(
    start: StartService, database: Database
) -> None:
    before = await (await start()).person("bob")
    path = secrets_of(database)
    secrets = json.loads(path.read_bytes())
    new = ECKey.generate_key("P-256")
    secrets["signing_keys"].append({**new.as_dict(private=True), "kid": new.thumbprint()})
    path.write_text(json.dumps(secrets))
    rotated = await start()
    after = Person(rotated.client(), before.email)
    assert (await after.login()).status_code == 200

    keys = {key["kid"]: key for key in await keys_of(after.client)}

    assert len(keys) == 2
    kids = [take_apart(person.access_token)[0]["kid"] for person in (before, after)]
    assert kids[0] != kids[1] == new.thumbprint()
    for person, kid in zip((before, after), kids, strict=True):
        assert is_signed_by(person.access_token, keys[kid])


async def test_caches_may_keep_it_for_five_minutes(anybody: httpx.AsyncClient) -> None:
    answer = await anybody.get("/.well-known/jwks.json")

    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["content-type"] == "application/json"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/.well-known/", "/.well-known", "/jwks.json", "/.well-known/jwks"]
)
async def test_it_is_at_its_one_place(service: Service, path: str) -> None:
    assert (await service.client().get(path)).status_code == 404
