"""What a forger of access tokens works with: JWTs put together byte by byte, no library to object."""

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from tests.databases import Database, secrets_of

Json = dict[str, Any]
Sign = Callable[[bytes], bytes]

REFUSED = (401, "token_invalid", 'Bearer error="invalid_token"')


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def take_apart(token: str) -> tuple[Json, Json]:
    """Return the header and the claims, as anybody can read them."""
    header, claims, _ = token.split(".")
    return json.loads(decode(header)), json.loads(decode(claims))


def put_together(header: Json | bytes, claims: Json | bytes, sign: Sign) -> str:
    """Write a token in the compact serialisation."""
    parts = (
        part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)
    )
    signed = ".".join(encode(part) for part in parts)
    return f"{signed}.{encode(sign(signed.encode()))}"


def unsigned(_: bytes) -> bytes:
    return b""


def hmac_with(key: bytes, digest: str = "sha256") -> Sign:
    return lambda signed: hmac.digest(key, signed, digest)


def ecdsa_with(key: ec.EllipticCurvePrivateKey) -> Sign:
    def sign(signed: bytes) -> bytes:
        r, s = utils.decode_dss_signature(key.sign(signed, ec.ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)

    return sign


def stolen_key(database: Database) -> ec.EllipticCurvePrivateKey:
    """Return the installation's own signing key: what its tokens say is then all that is tested."""
    secrets = json.loads(secrets_of(database).read_bytes())
    number = int.from_bytes(decode(secrets["signing_keys"][-1]["d"]))
    return ec.derive_private_key(number, ec.SECP256R1())


async def answer_to(client: httpx.AsyncClient, token: str) -> tuple[int, str | None, str | None]:
    """Present *token*; return the status, the code and the challenge."""
    value = f"Bearer {token}".encode()  # As bytes: httpx refuses to send what is not ASCII.
    answer = await client.get("/profile", headers={b"Authorization": value})
    return answer.status_code, answer.json().get("code"), answer.headers.get("www-authenticate")
