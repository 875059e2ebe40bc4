"""
Which pages of other origins may read our answers (Fetch Standard, section 3.2, "CORS protocol").

Origins are compared as a whole with a list: no patterns, no `*`, no `null`. With an empty list, the
default, nothing is said at all, and browsers let nobody but our own origin read.
"""

from collections.abc import Iterable

from starlette.responses import Response

from keystead.web.csrf import HEADER as CSRF_HEADER
from keystead.web.head import Head

Headers = tuple[tuple[bytes, bytes], ...]

EXPOSED = f"Retry-After, RateLimit, RateLimit-Policy, X-Request-ID, {CSRF_HEADER}, WWW-Authenticate"
"""Of what is not readable anyway: what a client acts on."""

METHODS = "GET, HEAD, POST, PUT, DELETE"
ASKABLE = f"Authorization, Content-Type, {CSRF_HEADER}, X-Request-ID"

PREFLIGHT_SECONDS = 7200
"""How long a browser need not ask again: the most that Chromium takes."""


class Cors:
    """The listed origins and what is said to them."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._allowed: dict[bytes, Headers] = {
            origin.encode(): (
                (b"access-control-allow-origin", origin.encode()),
                (b"access-control-allow-credentials", b"true"),
                (b"access-control-expose-headers", EXPOSED.encode()),
            )
            for origin in origins
        }
        self.on_every_answer: Headers = ((b"vary", b"Origin"),) if self._allowed else ()
        """A cache must not give the answer to one origin to another."""

    def headers_for(self, origin: bytes) -> Headers:
        """Return what lets *origin* read the answer, whatever its status; nothing if not listed."""
        return self._allowed.get(origin, ())

    def preflight(self, method: str, head: Head) -> Response | None:
        """Answer the question of a browser whether a listed origin may ask; None if it is not that."""
        is_question = method == "OPTIONS" and b"access-control-request-method" in head.single
        if not (is_question and head.origin in self._allowed):
            return None
        return Response(
            status_code=204,
            headers={
                "Access-Control-Allow-Methods": METHODS,
                "Access-Control-Allow-Headers": ASKABLE,
                "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
            },
        )
