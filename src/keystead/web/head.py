"""The headers of a request, read in one pass: what is looked at before any route is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from keystead.domain.errors import TokenInvalid, TokenMissing
from keystead.domain.tokens import AccessTokenText
from keystead.web.errors import HeadersTooLarge, RequestMalformed

MAX_HEADER_BYTES = 16 * 1024
"""Names and values together; browsers stay under 8 KiB."""

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
"""An X-Request-ID that is taken over; anything else is replaced."""

SINGLE_HEADERS = frozenset(
    {
        b"host",
        b"content-length",
        b"content-type",
        b"content-encoding",
        b"transfer-encoding",
        b"origin",
        b"sec-fetch-site",
        b"access-control-request-method",
    }
)
"""Given twice, two readers could each follow another one."""


@dataclass(slots=True)
class Head:
    """
    What the shell needs of the headers.

    Args:
        single: of those that may stand once, each with its value.
        cookies: every Cookie, in order.
        forwarded: every X-Forwarded-For, in order.
        authorization: every Authorization, in order.
        user_agent: what the client says it is; the first, if it says so twice.
        request_id: an id that was sent and may be taken over.

    """

    single: dict[bytes, bytes]
    cookies: list[bytes]
    forwarded: list[bytes]
    authorization: list[bytes]
    user_agent: str | None
    request_id: str | None
    size_bytes: int
    has_doubles: bool

    @property
    def host(self) -> bytes | None:
        """The one Host; empty is not the same as none."""
        return self.single.get(b"host")

    @property
    def origin(self) -> bytes | None:
        """The page that asks, as its browser says."""
        return self.single.get(b"origin")

    @property
    def announces_body(self) -> bool:
        """Whether a body follows, as far as they say."""
        length = self.single.get(b"content-length", b"0")
        return length != b"0" or b"transfer-encoding" in self.single

    @property
    def bearer(self) -> AccessTokenText:
        """
        The one bearer token of the Authorization header (RFC 6750 section 2.1).

        Raises: TokenMissing: there is no such header. TokenInvalid: there are several.
        """
        if not self.authorization:
            raise TokenMissing
        scheme, _, token = self.authorization[0].decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            raise TokenMissing
        if len(self.authorization) > 1:
            raise TokenInvalid
        return AccessTokenText(token.strip(" "))

    def check(self) -> None:
        """
        Refuse what proxies and servers could read in two ways.

        Raises: HeadersTooLarge. RequestMalformed: something is said twice that may be said once
                (RFC 9112 section 3.2 of Host); a body whose length is said in two ways or an
                unknown one, the seed of request smuggling (section 6.1).
        """
        if self.has_doubles:
            raise RequestMalformed(Connection="close")
        if self.size_bytes > MAX_HEADER_BYTES:
            raise HeadersTooLarge(Connection="close")
        coding = self.single.get(b"transfer-encoding")
        if coding is not None and (
            coding.lower() != b"chunked" or b"content-length" in self.single
        ):
            raise RequestMalformed(Connection="close")


def read_head(headers: Iterable[tuple[bytes, bytes]]) -> Head:
    """Read every header once; whether they are acceptable is another question."""
    size_bytes, has_doubles = 0, False
    single: dict[bytes, bytes] = {}
    cookies: list[bytes] = []
    forwarded: list[bytes] = []
    authorization: list[bytes] = []
    lists = {b"authorization": authorization, b"cookie": cookies, b"x-forwarded-for": forwarded}
    user_agent = request_id = None
    for name, value in headers:
        size_bytes += len(name) + len(value)
        if name in SINGLE_HEADERS:
            if name in single:
                has_doubles = True
            single[name] = value
        elif name in lists:
            lists[name].append(value)
        elif name == b"user-agent" and user_agent is None:
            user_agent = value.decode("latin-1")
        elif name == b"x-request-id" and REQUEST_ID.fullmatch(value):
            request_id = value.decode()
    return Head(
        single, cookies, forwarded, authorization, user_agent, request_id, size_bytes, has_doubles
    )
