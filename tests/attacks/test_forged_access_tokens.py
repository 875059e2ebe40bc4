"""
Access tokens that we did not sign, or that are not written as we write them.

RFC 8725 sections 2 and 3, RFC 7515 section 4.1.11; OWASP ASVS 9.1.1 to 9.1.3.
"""

import asyncio
import json

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from tests.attacks.forge import (
    REFUSED,
    Json,
    answer_to,
    decode,
    ecdsa_with,
    encode,
    hmac_with,
    put_together,
    stolen_key,
    take_apart,
    unsigned,
)
from tests.databases import Database
from tests.people import Person


@pytest.mark.requirement(40)
async def test_a_token_without_a_signature_is_refused(
    anybody: httpx.AsyncClient, bob: Person
) -> None:
    header, claims = take_apart(bob.access_token)
    algorithms = ["none", "None", "nOnE", "NONE", "", "es256", "EdDSA", "ES256", ["ES256"], None, 0]
    forged = {
        repr(algorithm): put_together({**header, "alg": algorithm}, claims, unsigned)
        for algorithm in algorithms
    }
    forged["no alg"] = put_together({"typ": "at+jwt", "kid": header["kid"]}, claims, unsigned)
    forged["genuine but for the signature"] = bob.access_token.rpartition(".")[0] + "."

    await all_are_refused(anybody, forged)


@pytest.mark.requirement(40)
async def test_the_public_key_is_no_hmac_secret(
    anybody: httpx.AsyncClient, bob: Person, database: Database
) -> None:
    header, claims = take_apart(bob.access_token)
    public = stolen_key(database).public_key()
    formats = serialization.PublicFormat
    encodings = serialization.Encoding
    secrets = {
        "pem": public.public_bytes(encodings.PEM, formats.SubjectPublicKeyInfo),
        "der": public.public_bytes(encodings.DER, formats.SubjectPublicKeyInfo),
        "point": public.public_bytes(encodings.X962, formats.UncompressedPoint),
        "kid": str(header["kid"]).encode(),
        "empty": b"",
    }
    forged = {
        f"{name} {algorithm}": put_together(
            {**header, "alg": algorithm}, claims, hmac_with(secret, f"sha{algorithm[2:]}")
        )
        for name, secret in secrets.items()
        for algorithm in ("HS256", "HS384", "HS512")
    }

    await all_are_refused(anybody, forged)


@pytest.mark.requirement(41)
async def test_a_key_of_the_attackers_own_is_never_trusted(
    anybody: httpx.AsyncClient, bob: Person
) -> None:
    header, claims = take_apart(bob.access_token)
    own = ec.generate_private_key(ec.SECP256R1())
    point = own.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": number(point.x), "y": number(point.y), "kid": "mine"}
    urls: list[str] = []
    async with await asyncio.start_server(lambda *_: urls.append("hit"), "127.0.0.1") as listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/keys"
        additions: list[Json] = [
            {},
            {"jwk": jwk},
            {"jwk": jwk, "kid": "mine"},
            {"jku": url},
            {"jku": url, "kid": "mine"},
            {"x5u": url},
            {"x5c": ["MIIB"], "x5t": "AAAA"},
            {"alg": "RS256"},
            {"alg": "PS256"},
        ]
        forged = {
            json.dumps(addition): put_together({**header, **addition}, claims, ecdsa_with(own))
            for addition in additions
        }

        await all_are_refused(anybody, forged)

    assert urls == []


@pytest.mark.requirement(40)
async def test_an_rsa_signature_is_refused(anybody: httpx.AsyncClient, bob: Person) -> None:
    header, claims = take_apart(bob.access_token)
    key = rsa.generate_private_key(65_537, 2048)

    def sign(signed: bytes) -> bytes:
        return key.sign(signed, padding.PKCS1v15(), SHA256())

    forged = put_together({**header, "alg": "RS256"}, claims, sign)

    assert await answer_to(anybody, forged) == REFUSED


@pytest.mark.requirement(41)
async def test_a_key_id_is_looked_up_and_nothing_else(
    anybody: httpx.AsyncClient, bob: Person, database: Database
) -> None:
    header, claims = take_apart(bob.access_token)
    ids = [
        "../../../../dev/null", "/dev/null", "' OR 1=1 --", "", "\0", "unknown", "k" * 10_000,
        0, 1.5, True, None, ["a"], {"a": 1}, [header["kid"]], header["kid"].upper(),
    ]  # fmt: skip
    # Signed with the right key, and once more as if the looked-up file were empty.
    forged = {
        f"{kid!r:.40} {name}": put_together({**header, "kid": kid}, claims, sign)
        for kid in ids
        for name, sign in {
            "signed": ecdsa_with(stolen_key(database)),
            "null": hmac_with(b""),
        }.items()
    }

    await all_are_refused(anybody, forged)


@pytest.mark.requirement(45)
async def test_only_our_way_of_writing_a_token_is_read(
    anybody: httpx.AsyncClient, bob: Person, database: Database
) -> None:
    header, claims = take_apart(bob.access_token)
    sign = ecdsa_with(stolen_key(database))
    head, body, signature = bob.access_token.split(".")
    parts = {"payload": body, "protected": head, "signature": signature}
    forged = {
        "crit": put_together({**header, "crit": ["b64"]}, claims, sign),
        "unknown crit": put_together({**header, "crit": ["x"], "x": 1}, claims, sign),
        "unencoded payload": put_together({**header, "b64": False, "crit": ["b64"]}, claims, sign),
        "compressed": put_together({**header, "zip": "DEF"}, claims, sign),
        "nested": put_together({**header, "cty": "JWT"}, bob.access_token.encode(), sign),
        "flattened JSON": json.dumps(parts),
        "general JSON": json.dumps({"payload": body, "signatures": [parts]}),
        "one part": head,
        "two parts": f"{head}.{body}",
        "four parts": f"{bob.access_token}.{signature}",
        "five parts": f"{head}.{body}.{body}.{body}.{signature}",
        "empty": "",
        "dots": "..",
        "empty header": f".{body}.{signature}",
        "header is a list": put_together(b"[]", claims, sign),
        "header is no JSON": put_together(b"{", claims, sign),
        "header is no text": put_together(b"\xff\xfe", claims, sign),
        "header is deep": put_together(b"[" * 2000, claims, sign),
        "claims are a list": put_together(header, b"[]", sign),
        "claims are a text": put_together(header, b'"a"', sign),
        "claims are no JSON": put_together(header, b"{", sign),
        "claims are no text": put_together(header, b"\xff\xfe", sign),
        "claims are deep": put_together(header, b"[" * 2000, sign),
        "claims are endless": put_together(header, b'{"exp":' + b"9" * 2900 + b"}", sign),
        "padded": f"{head}=.{body}=.{signature}==",
        "inner space": f"{head}. {body}.{signature}",
        "signature cut": bob.access_token[:-2],
        "signature doubled": bob.access_token + signature,
        "signature in DER": f"{head}.{body}.{encode(der_of(signature))}",
        "signature of zeros": f"{head}.{body}.{encode(bytes(64))}",
        "long": put_together({**header, "x": "x" * 4096}, claims, sign),
        "long junk": "a" * 9000,
        "text that is not ASCII": f"{head}.{body}.{signature[:-1]}é",
        "NUL": f"{head}.{body}\0.{signature}",
    }  # fmt: skip

    await all_are_refused(anybody, forged)


async def test_a_token_signed_with_our_own_key_passes_so_that_the_forgeries_above_mean_something(
    anybody: httpx.AsyncClient, bob: Person, database: Database
) -> None:
    header, claims = take_apart(bob.access_token)

    token = put_together(header, claims, ecdsa_with(stolen_key(database)))

    assert token != bob.access_token
    assert await answer_to(anybody, token) == (200, None, None)


async def test_no_single_changed_character_of_header_or_claims_goes_unnoticed(
    anybody: httpx.AsyncClient, bob: Person
) -> None:
    token = bob.access_token
    forged = {
        str(place): token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        for place in range(0, token.rindex("."), 7)
        if token[place] != "."
    }

    await all_are_refused(anybody, forged)


async def all_are_refused(client: httpx.AsyncClient, forged: dict[str, str]) -> None:
    answers = {name: await answer_to(client, token) for name, token in forged.items()}
    assert answers == dict.fromkeys(forged, REFUSED)


def number(value: int) -> str:
    return encode(value.to_bytes(32))


def der_of(signature: str) -> bytes:
    raw = decode(signature)
    return encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
