"""
Access tokens: short-lived JWTs after RFC 9068, signed with ES256, or with HS256 if a secret is given.

One installation speaks one algorithm. Whatever the header of a presented token asks for, it is
checked with that one (RFC 8725 section 3.1), and a header may hold nothing but `alg`, `typ`, `kid`.
The `client_id` that RFC 9068 lists is left out: there are no OAuth clients here.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import orjson
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey

from keystead.crypto import base64url
from keystead.crypto.keyring import Keyring, digest
from keystead.crypto.mac import Mac
from keystead.domain.errors import TokenExpired, TokenInvalid
from keystead.domain.ports import Randomness
from keystead.domain.session import SessionId, SignedIn
from keystead.domain.tokens import CLOCK_SKEW, AccessClaims, AccessTokenText
from keystead.domain.user import UserId

TYPE = "at+jwt"
MAX_LENGTH = 4096
"""In characters; ours have about 450. Checked before anything is decoded."""

COORDINATE_BYTES = 32
"""Of the curve P-256."""

CACHE_SIZE = 10_000
"""Verified tokens remembered; about 10 MiB when full."""

_TEXT_CLAIMS = ("iss", "aud", "sub", "sid", "jti")
_PUBLIC = ("kid", "kty", "crv", "x", "y")
"""What anybody may know of a key (RFC 7518 section 6.2.1)."""

_TIME_CLAIMS = ("exp", "nbf", "iat")


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """Who issues access tokens, for whom, and for how long."""

    issuer: str
    audience: str
    lifetime: timedelta


class JwtAccessTokens:
    """Issues and verifies access tokens with the keys of one installation."""

    def __init__(
        self, keyring: Keyring, secret: str | None, policy: TokenPolicy, random: Randomness
    ) -> None:
        self._policy = policy
        self._random = random
        self._keys: dict[str, ECKey | OctKey] = {}
        self._verified: dict[str, AccessClaims] = {}
        self._published = keyring.signing_keys if secret is None else ()
        if secret is None:
            self._algorithm = "ES256"
            self._keys = {key["kid"]: ECKey.import_key(key) for key in keyring.signing_keys}
            self._newest = keyring.signing_keys[-1]["kid"]
        else:
            # The id must not be a hash of the secret alone, which could be searched for offline.
            self._algorithm = "HS256"
            self._newest = digest(f"{keyring.fingerprint} {secret}")[:16]
            self._keys = {self._newest: OctKey.import_key(secret)}
        header = {"alg": self._algorithm, "typ": TYPE, "kid": self._newest}
        self._header = base64url.encode(orjson.dumps(header))
        self._signature = _signer(self._keys[self._newest])

    def issue(self, signed_in: SignedIn, now: datetime) -> AccessTokenText:
        """Sign a token for this user and session; it never outlives the session's absolute end."""
        issued_at = int(now.timestamp())
        expires_at = min(now + self._policy.lifetime, signed_in.session.ends_at)
        claims = {
            "iss": self._policy.issuer,
            "aud": self._policy.audience,
            "sub": signed_in.user.id,
            "sid": signed_in.session.id,
            "iat": issued_at,
            "nbf": issued_at,
            "exp": int(expires_at.timestamp()),
            "jti": self._random.new_id(now),
        }
        return AccessTokenText(self._sign(orjson.dumps(claims)))

    def _sign(self, payload: bytes) -> str:
        # The compact form of RFC 7515 section 7.1. The library's own function for it checks a header
        # and a key that never change: more than half of its time.
        text = f"{self._header}.{base64url.encode(payload)}"
        return f"{text}.{base64url.encode(self._signature(text.encode()))}"

    def verify(self, text: str, now: datetime) -> AccessClaims:
        """
        Return what a genuine token says. A signature is checked once, times every time.

        Raises: TokenInvalid, TokenExpired.
        """
        claims = self._verified.get(text)
        if claims is None:
            claims = self._read(text)
            self._remember(text, claims)
        if now < claims.not_before - CLOCK_SKEW:
            raise TokenInvalid
        if now >= claims.expires_at:
            self._verified.pop(text, None)
            raise TokenExpired
        return claims

    def public_keys(self) -> list[dict[str, Any]]:
        """See `domain.ports.AccessTokens`: the members are named, so that none can be a secret."""
        return [
            {**{name: key[name] for name in _PUBLIC}, "alg": self._algorithm, "use": "sig"}
            for key in self._published
        ]

    def _remember(self, text: str, claims: AccessClaims) -> None:
        # Only genuine tokens come here, so nobody can push others out with junk.
        if len(self._verified) >= CACHE_SIZE:
            self._verified.pop(next(iter(self._verified)))
        self._verified[text] = claims

    def _read(self, text: str) -> AccessClaims:
        if len(text) > MAX_LENGTH or not text.isascii():
            raise TokenInvalid
        try:
            header = jws.extract_compact(text.encode()).headers()
            key = self._keys[header["kid"]]
            if header != {"alg": self._algorithm, "typ": TYPE, "kid": header["kid"]}:
                raise TokenInvalid
            token = jws.deserialize_compact(text, key, algorithms=[self._algorithm])
            claims = json.loads(token.payload, parse_constant=_refuse)
        except (JoseError, ValueError, KeyError, TypeError, RecursionError):
            raise TokenInvalid from None
        return self._checked(claims)

    def _checked(self, claims: Any) -> AccessClaims:  # noqa: ANN401 - as parsed.
        if not isinstance(claims, dict):
            raise TokenInvalid
        if not all(type(claims.get(name)) is str for name in _TEXT_CLAIMS):
            raise TokenInvalid
        if not all(type(claims.get(name)) is int for name in _TIME_CLAIMS):
            raise TokenInvalid
        if claims["iss"] != self._policy.issuer or claims["aud"] != self._policy.audience:
            raise TokenInvalid
        try:
            not_before = datetime.fromtimestamp(max(claims["iat"], claims["nbf"]), UTC)
            expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        except (ValueError, OverflowError, OSError):
            raise TokenInvalid from None
        return AccessClaims(UserId(claims["sub"]), SessionId(claims["sid"]), not_before, expires_at)


def _signer(key: ECKey | OctKey) -> Callable[[bytes], bytes]:
    if isinstance(key, OctKey):
        return Mac(key.raw_value)
    private = key.private_key
    if private is None:
        raise ValueError("a public key signs nothing")
    algorithm = ECDSA(SHA256())

    def sign(message: bytes) -> bytes:
        # Both numbers at their full length, one after the other (RFC 7518 section 3.4).
        numbers = decode_dss_signature(private.sign(message, algorithm))
        return b"".join(number.to_bytes(COORDINATE_BYTES) for number in numbers)

    return sign


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
