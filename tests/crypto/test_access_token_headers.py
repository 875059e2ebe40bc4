"""
Headers that ask to be trusted: RFC 8725 sections 3.1 and 3.10, RFC 7515 section 4.1.11.

CVE-2022-29217, CVE-2024-33663 and CVE-2024-37568 (algorithm confusion), CVE-2026-32597 and
CVE-2025-59420 (unknown `crit`), CVE-2025-61920 (huge segments).
"""

import hmac
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey

from keystead.crypto.keyring import Keyring
from keystead.domain.errors import TokenInvalid
from tests.attacks.forge import Json, ecdsa_with, encode, hmac_with, put_together, unsigned
from tests.crypto.forger import LEFT_OUT, Forger
from tests.crypto.samples import BOB, Issuer

ALGORITHMS = [
    *("none", "None", "nOnE", "NONE", "", "es256", "hs256", "ES256 ", "ES384", "ES512", "ES256K"),
    *("EdDSA", "eddsa", "HS384", "HS512", "RS256", "PS256", "dir", "A128KW"),
    *(["ES256"], ["HS256"], {"ES256": 1}, 1, True, None, LEFT_OUT),
]
MORE_HEADERS = [
    {"jku": "https://127.0.0.1:9/jwks.json"},
    {"x5u": "https://127.0.0.1:9/chain.pem"},
    {"x5c": ["MIIB"]},
    {"x5t": "AAAA"},
    {"crit": ["exp"]},
    {"crit": ["b64"], "b64": True},
    {"crit": ["b64"], "b64": False},
    {"crit": ["nobody knows"], "nobody knows": 1},
    {"crit": []},
    {"crit": "exp"},
    {"b64": False},
    {"zip": "DEF"},
    {"enc": "A256GCM"},
    {"cty": "JWT"},
    {"nobody asked": "for this"},
]
KEY_IDS = [
    *("", "../../dev/null", "/dev/null", "' OR 1=1 --", "x" * 10_000, "x" * 2000, "\0", "🙂"),
    *(0, 1, -1, 1.5, True, None, [], ["x"], {}, {"$ne": None}, LEFT_OUT),
]
TYPES = [
    *(
        "JWT",
        "jwt",
        "at+JWT",
        "AT+JWT",
        "application/at+jwt",
        "refresh+jwt",
        "rt+jwt",
        "logout+jwt",
    ),
    *("", " at+jwt", 1, None, ["at+jwt"], LEFT_OUT),
]


@pytest.fixture
def forger(issuer: Issuer) -> Forger:
    return Forger(issuer)


def is_refused(issuer: Issuer, token: str) -> bool:
    with pytest.raises(TokenInvalid):
        issuer.tokens.verify(token, issuer.now)
    return True


def test_what_the_forger_leaves_alone_is_accepted(issuer: Issuer, forger: Forger) -> None:
    for token in (forger.with_header(), forger.with_claims()):
        assert issuer.tokens.verify(token, issuer.now).user_id == BOB.id


@pytest.mark.requirement(40)
@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=repr)
def test_one_algorithm_is_spoken_whatever_the_header_says(
    issuer: Issuer, forger: Forger, algorithm: object
) -> None:
    assert is_refused(issuer, forger.with_header(alg=algorithm))
    assert is_refused(issuer, forger.with_header(unsigned, alg=algorithm))


def test_without_a_signature_nothing_is_accepted(issuer: Issuer, forger: Forger) -> None:
    assert is_refused(issuer, forger.with_header(unsigned))
    assert is_refused(issuer, forger.with_header(lambda _: bytes(64)))  # CVE-2022-21449
    assert is_refused(issuer, forger.with_header(lambda _: b"\xff" * 64))


def public_key_of(forger: Forger, encoding: Encoding, form: PublicFormat) -> bytes:
    return forger.key.public_key().public_bytes(encoding, form)


def test_a_public_key_is_no_shared_secret(keyring: Keyring) -> None:
    issuer = Issuer(keyring)
    forger = Forger(issuer)
    jwk = ECKey.import_key(keyring.signing_keys[-1]).as_dict(private=False)
    secrets = [
        public_key_of(forger, Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public_key_of(forger, Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public_key_of(forger, Encoding.X962, PublicFormat.UncompressedPoint),
        json.dumps(jwk).encode(),
        b"",
    ]
    for secret in secrets:
        assert is_refused(issuer, forger.with_header(hmac_with(secret), alg="HS256"))


def test_another_hash_or_family_is_not_even_tried(keyring: Keyring) -> None:
    issuer = Issuer(keyring)
    forger = Forger(issuer)
    rsa_key = rsa.generate_private_key(65_537, 2048)

    def sign_with_sha384(signed: bytes) -> bytes:
        r, s = utils.decode_dss_signature(forger.key.sign(signed, ec.ECDSA(SHA384())))
        return r.to_bytes(32) + s.to_bytes(32)

    def sign_with_rsa(signed: bytes) -> bytes:
        return rsa_key.sign(signed, padding.PKCS1v15(), SHA256())

    def sign_in_der(signed: bytes) -> bytes:
        return forger.key.sign(signed, ec.ECDSA(SHA256()))

    assert is_refused(issuer, forger.with_header(sign_with_sha384, alg="ES384"))
    assert is_refused(issuer, forger.with_header(sign_with_sha384))
    assert is_refused(issuer, forger.with_header(sign_with_rsa, alg="RS256"))
    assert is_refused(issuer, forger.with_header(sign_in_der))


@pytest.mark.requirement(41)
def test_a_key_that_comes_along_is_not_trusted(issuer: Issuer, forger: Forger) -> None:
    own = ec.generate_private_key(ec.SECP256R1())
    pem = own.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    jwk = ECKey.import_key(pem).as_dict(private=False)
    thumbprint = ECKey.import_key(pem).thumbprint()
    extras: list[Json] = [{}, {"jwk": jwk}, {"jwk": jwk, "jku": "https://127.0.0.1:9/jwks.json"}]
    for key_id in (LEFT_OUT, thumbprint, forger.header["kid"]):
        for more in extras:
            token = forger.with_header(ecdsa_with(own), alg="ES256", kid=key_id, **more)
            assert is_refused(issuer, token)
    secret = {"kty": "oct", "k": encode(b"k" * 32)}
    assert is_refused(issuer, forger.with_header(hmac_with(b"k" * 32), alg="HS256", jwk=secret))


@pytest.mark.requirement(45)
@pytest.mark.parametrize("more", MORE_HEADERS, ids=str)
def test_a_header_holds_nothing_but_its_three_members(
    issuer: Issuer, forger: Forger, more: Json
) -> None:
    assert is_refused(issuer, forger.with_header(**more))


@pytest.mark.parametrize(
    "key_id", KEY_IDS, ids=lambda key_id: f"{key_id!r:.20} of {len(repr(key_id))}"
)
def test_a_key_id_is_looked_up_and_nothing_else(
    issuer: Issuer, forger: Forger, key_id: object
) -> None:
    assert is_refused(issuer, forger.with_header(kid=key_id))
    assert is_refused(issuer, forger.with_header(hmac_with(b""), alg="HS256", kid=key_id))


@pytest.mark.parametrize("kind", TYPES, ids=repr)
def test_another_kind_of_token_is_no_access_token(
    issuer: Issuer, forger: Forger, kind: object
) -> None:
    assert is_refused(issuer, forger.with_header(typ=kind))


@pytest.mark.requirement(45)
def test_only_the_compact_serialisation_is_read(issuer: Issuer, forger: Forger) -> None:
    header, claims, signature = forger.with_header().split(".")
    flattened = {"protected": header, "payload": claims, "signature": signature}
    general = {"payload": claims, "signatures": [{"protected": header, "signature": signature}]}

    assert is_refused(issuer, json.dumps(flattened))
    assert is_refused(issuer, json.dumps(general))
    for parts in ([], [header], [header, claims], [header, claims, signature, signature]):
        assert is_refused(issuer, ".".join(parts))
    for parts in (["", claims, signature], [header, "", signature], [header, claims, ""]):
        assert is_refused(issuer, ".".join(parts))
    assert is_refused(issuer, f"{header}.{claims}.{signature}.{signature}.{signature}")  # JWE


@pytest.mark.requirement(45)
@pytest.mark.parametrize("added", [" ", "\n", "\t", "\0", "=", "é", "\ud800", "Bearer ", "."])
def test_nothing_is_trimmed_or_passed_over(issuer: Issuer, forger: Forger, added: str) -> None:
    header, claims, signature = forger.with_header().split(".")

    assert is_refused(issuer, f"{added}{header}.{claims}.{signature}")
    assert is_refused(issuer, f"{header}.{claims}.{signature}{added}")
    assert is_refused(issuer, f"{header}{added}.{claims}.{signature}")
    assert is_refused(issuer, f"{header}.{claims}{added}.{signature}")


HEADERS_THAT_ARE_NONE = [b"", b"{", b"[]", b"null", b'"ES256"', b"1", b"\xff", b"[" * 2900, b"{}"]


@pytest.mark.parametrize("header", HEADERS_THAT_ARE_NONE, ids=lambda header: repr(header)[:20])
def test_what_is_no_header_is_refused(issuer: Issuer, forger: Forger, header: bytes) -> None:
    assert is_refused(issuer, put_together(header, forger.claims, forger.sign))


@pytest.mark.requirement(45)
def test_more_than_four_kibibytes_are_not_looked_at(issuer: Issuer, forger: Forger) -> None:
    short = forger.with_claims(more="")
    fitting = forger.with_claims(more="x" * ((4096 - len(short)) * 3 // 4 - 3))
    too_long = forger.with_claims(more="x" * ((4096 - len(short)) * 3 // 4 + 3))
    assert len(fitting) <= 4096 < len(too_long)

    issuer.tokens.verify(fitting, issuer.now)
    assert is_refused(issuer, too_long)
    assert is_refused(issuer, "x" * 10_000_000)


def test_a_signature_of_another_length_is_refused(issuer: Issuer, forger: Forger) -> None:
    genuine = forger.sign

    assert is_refused(issuer, forger.with_header(lambda signed: genuine(signed)[:-1]))
    assert is_refused(issuer, forger.with_header(lambda signed: genuine(signed) + b"\0"))
    assert is_refused(issuer, forger.with_header(lambda signed: hmac.digest(b"", signed, "md5")))
