"""
Requests that somebody else's page makes a browser send (OWASP CSRF Prevention Cheat Sheet).

Two checks. Every request that may change something is asked where it comes from: browsers say so in
headers that no page can set. And where the refresh cookie goes to other sites (SameSite=None),
whoever uses it shows a second token that only a page that may read our answers can have.
"""

from collections.abc import Iterable

from starlette.responses import Response

from keystead.domain.errors import RefreshInvalid
from keystead.domain.session import SessionId
from keystead.web.call import Call
from keystead.web.errors import CrossSite, CsrfTokenInvalid
from keystead.web.head import Head

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""They change nothing here, so it does not matter who sends them (RFC 9110 section 9.2.1)."""

FROM_OUR_PAGES = frozenset({b"same-origin", b"none"})
"""`none`: the person at the browser asked for it, by a bookmark for instance."""

DEFAULT_PORTS = {b"http": b":80", b"https": b":443"}

HEADER = "X-CSRF-Token"


class OriginCheck:
    """
    Lets pass what our own origin, a listed one, or no browser at all has sent.

    Every browser since 2023 says it in Sec-Fetch-Site; older ones, and all of them over plain http to
    another machine, at least name the Origin. Without either it is no browser: curl, Postman, a
    server. `same-site` is not enough: a sister domain may be somebody else's. `null`, as sandboxed
    pages have it, is no origin that could be listed or ours.
    """

    def __init__(self, origins: Iterable[str], *, is_https: bool) -> None:
        self._listed = frozenset(origin.encode() for origin in origins)
        # In development a proxy may speak https for us without our knowing.
        self._schemes = frozenset({b"https"} if is_https else {b"http", b"https"})

    def check(self, head: Head) -> None:
        """
        Refuse a request from a page that is not ours, before anything is read or done.

        Raises: CrossSite.
        """
        origin, site = head.origin, head.single.get(b"sec-fetch-site")
        if origin in self._listed:
            return
        if site is not None:
            is_ours = site in FROM_OUR_PAGES
        else:
            is_ours = origin is None or self._is_own(origin, head.host or b"")
        if not is_ours:
            raise CrossSite

    def _is_own(self, origin: bytes, host: bytes) -> bool:
        scheme, _, authority = origin.partition(b"://")
        # Browsers leave the scheme's own port out of both; other clients may not.
        port = DEFAULT_PORTS.get(scheme, b"")
        own = host.lower().removesuffix(port)
        return scheme in self._schemes and authority.removesuffix(port) == own != b""


def add_token(call: Call, response: Response, session_id: SessionId) -> Response:
    """Give a page the second token, where it is asked for: readable by listed origins only."""
    if call.context.cookies.goes_to_other_sites:
        response.headers[HEADER] = call.tools.csrf_tokens.issue(session_id)
    return response


def check_token(call: Call) -> None:
    """
    Let a refresh cookie count only together with the token of the same session.

    A cookie that is no token of ours does nothing in any case, and is left to the flow.

    Raises: CsrfTokenInvalid: it is missing, or another session's.
    Source: OWASP CSRF Prevention Cheat Sheet, "Signed Double-Submit Cookie".
    """
    if not call.context.cookies.goes_to_other_sites:
        return
    given = call.headers.get(HEADER, "")
    for text in call.refresh_cookies:
        try:
            session_id = call.tools.refresh_tokens.read(text).session_id
        except RefreshInvalid:
            continue
        if not call.tools.csrf_tokens.is_genuine(given, session_id):
            raise CsrfTokenInvalid
