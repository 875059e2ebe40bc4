"""
What makes an access token genuine, all but the key: RFC 9068 section 4, RFC 8725.

One algorithm, one type, one issuer, one audience. A header may hold nothing but `alg`, `typ` and `kid`:
keys that a token brings along (`jwk`, `jku`, `x5u`) are never looked at.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any, NoReturn

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from keystead.client.outcomes import Identity, TokenRefused

ALGORITHM = "ES256"
TYPE = "at+jwt"
MAX_LENGTH = 4096
"""In characters; those of the server have about 450."""

SKEW_SECONDS = 10
"""How far the server's clock may be ahead; `exp` gets no grace."""


log = logging.getLogger("keystead.client")


def key_id_of(text: str) -> str:
    """
    Return which key a token says it is signed with; nothing of it is verified yet.

    Raises: TokenRefused: it could not be verified with any key.
    """
    if len(text) > MAX_LENGTH or not text.isascii():
        raise TokenRefused
    try:
        header = jws.extract_compact(text.encode()).headers()
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise TokenRefused from None
    match header:
        case {"alg": alg, "typ": type_, "kid": str(key_id), **others} if not others:
            if (alg, type_) != (ALGORITHM, TYPE):
                raise TokenRefused
            return key_id
        case _:
            raise TokenRefused


def read(text: str, key: ECKey, issuer: str, audience: str, now: float) -> Identity:
    """
    Return who a token speaks for, once its signature, issuer, audience and times hold.

    Args:   now: seconds since 1970.
    Raises: TokenRefused.
    """
    try:
        token = jws.deserialize_compact(text, key, algorithms=[ALGORITHM])
        claims = json.loads(token.payload, parse_constant=_refuse)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise TokenRefused from None
    match claims:
        case {"iss": str(), "aud": str(), "sub": str(), "sid": str(), "jti": str()}:
            _check(claims, issuer, audience, now)
        case _:
            raise TokenRefused
    expires_at = datetime.fromtimestamp(claims["exp"], UTC)
    return Identity(claims["sub"], claims["sid"], expires_at)


def _check(claims: dict[str, Any], issuer: str, audience: str, now: float) -> None:
    if claims["iss"] != issuer or claims["aud"] != audience:
        # It is genuine, so what it says is the server's: most likely one of the two is set wrongly.
        log.warning(
            "a token of issuer %r for audience %r was refused: Verifier has issuer %r, audience %r",
            claims["iss"], claims["aud"], issuer, audience,
        )  # fmt: skip
        raise TokenRefused
    # type(), since true is an int to isinstance().
    if not all(type(claims.get(name)) is int for name in ("exp", "iat", "nbf")):
        raise TokenRefused
    if now >= claims["exp"] or now < max(claims["iat"], claims["nbf"]) - SKEW_SECONDS:
        raise TokenRefused
    if claims["exp"] > MAX_TIME:
        raise TokenRefused


MAX_TIME = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())
"""In seconds since 1970: what a `datetime` can hold."""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
