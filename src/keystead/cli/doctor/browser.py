"""Whether answers carry what protects browsers: cookie flags, CORS, headers."""

from collections.abc import AsyncIterator, Iterator
from http.cookies import SimpleCookie

import httpx

from keystead.cli.doctor.case import Case, Finding, error, fine, warning

STRANGER = "https://evil.example"

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


async def examine(case: Case) -> AsyncIterator[Finding]:
    """Sign out without being signed in, which clears a cookie, and ask as a page of another site."""
    if case.url is None:
        return
    try:
        left = await case.http.post("/auth/logout")
        asked = await case.http.get("/profile", headers={"Origin": STRANGER})
    except httpx.HTTPError:
        return  # `reach` says so.
    found = [*_cookies(case, left), *_cors(asked), *_headers(case, asked)]
    for each in found:
        yield each
    if not found:
        yield fine("cookies, CORS and security headers arrive as they were sent")


def _cookies(case: Case, answer: httpx.Response) -> Iterator[Finding]:
    texts = answer.headers.get_list("set-cookie")
    if not texts:
        yield error(
            "no Set-Cookie arrives",
            "nobody stays signed in",
            "the proxy must pass Set-Cookie on",
        )
    for text in texts:
        for name, morsel in SimpleCookie(text).items():
            lost = [flag for flag in ("httponly", "samesite") if not morsel[flag]]
            if case.settings.has_secure_cookie and not morsel["secure"]:
                lost.append("secure")
            if lost or morsel["domain"]:
                yield error(
                    f"the cookie {name} arrives without {', '.join(lost)}"
                    + (f" and with Domain={morsel['domain']}" if morsel["domain"] else ""),
                    "scripts, other sites or sister domains can get at it",
                    "something between changes cookies: look for proxy_cookie_flags and the like",
                )


def _cors(answer: httpx.Response) -> Iterator[Finding]:
    allowed = answer.headers.get("access-control-allow-origin")
    if allowed in {"*", STRANGER}:
        yield error(
            f"a page of {STRANGER} may read answers",
            "any site can read what a signed-in visitor may see",
            "take Access-Control-Allow-Origin out of the proxy: Keystead says it where it is due",
        )


def _headers(case: Case, answer: httpx.Response) -> Iterator[Finding]:
    wanted = dict(HEADERS)
    if case.settings.has_secure_cookie:
        wanted["strict-transport-security"] = "max-age=31536000; includeSubDomains"
    for name, value in wanted.items():
        if (found := answer.headers.get(name)) != value:
            yield warning(
                f"{name} arrives as {found!r}",
                "browsers and caches are told something else than Keystead says",
                "do not set or remove this header in the proxy",
            )
