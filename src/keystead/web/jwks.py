"""The keys that other services verify access tokens with."""

from typing import Literal

from starlette.responses import Response

from keystead.web.access import PUBLIC, Routes
from keystead.web.call import Call
from keystead.web.replies import reply
from keystead.web.shapes import Shape

routes = Routes()

CACHE = (b"cache-control", b"public, max-age=300")
"""A verifier that meets a key it does not know asks again before that."""


class KeyShape(Shape):
    """A public key (RFC 7517 section 4, RFC 7518 section 6.2.1): no member is a secret."""

    kid: str
    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: str
    y: str
    alg: Literal["ES256"]
    use: Literal["sig"]


class KeySetAnswer(Shape):
    """Every key that a token may be signed with; none where a shared secret signs (`JWT_SECRET`)."""

    keys: list[KeyShape]


@routes.add("GET", "/.well-known/jwks.json", access=PUBLIC, answer=KeySetAnswer, tags=["auth"])
async def get_jwks(call: Call) -> Response:
    """Return the public keys of access tokens as a JSON Web Key Set."""
    keys = call.context.tools.access_tokens.public_keys()
    answer = reply(KeySetAnswer(keys=[KeyShape.model_validate(key) for key in keys]))
    answer.raw_headers.append(CACHE)
    return answer
