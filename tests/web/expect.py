"""What every answer has in common, and the members of what answers contain."""

import re
from dataclasses import dataclass
from typing import Any

import httpx

USER = {"_id", "email", "role", "createdAt", "updatedAt"}
MANAGED_USER = USER | {"status"}
SESSION = {
    "sessionId",
    "ip",
    "device",
    "userAgent",
    "location",
    "createdAt",
    "lastActiveAt",
    "expiresAt",
}
DEVICE = SESSION | {"browser", "os", "city", "country", "current"}
PROBLEM = {"type", "title", "status", "message", "code", "request_id"}

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
"""OWASP ASVS 5.0 3.4.4 to 3.4.6 and the HTTP Headers Cheat Sheet."""

NOTHING_LOADS = "default-src 'none'; frame-ancestors 'none'"
PAGES = ("/docs", "/account", "/admin")
"""Whose own tests look at what is particular to them."""
PUBLIC_KEYS = "/.well-known/jwks.json"
SECRET = re.compile(
    # Where a word begins: in the middle of one, such letters are a signature's, one time in 10,000.
    r"\$argon2|\$2b\$|(?<![\w-])ksr_|password_?hash|pepper|Traceback|sqlite3|asyncpg|pymongo|SELECT ",
    re.IGNORECASE,
)


async def check_answer(answer: httpx.Response) -> None:
    """Assert what holds for every answer of every status; run on each one in this folder."""
    await answer.aread()
    is_page = answer.request.url.path.startswith(PAGES)
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers.get_list(name) == [value], name
    assert len(answer.headers.get_list("x-request-id")) == 1
    assert re.fullmatch(r"[A-Za-z0-9._-]{8,64}", answer.headers["x-request-id"])
    if "access-control-allow-origin" in answer.headers:
        assert answer.headers["access-control-allow-origin"] == answer.request.headers["origin"]
    if not is_page:
        assert "etag" not in answer.headers
        may_be_kept = answer.is_success and answer.request.url.path == PUBLIC_KEYS
        keep = "public, max-age=300" if may_be_kept else "no-store"
        assert answer.headers.get_list("cache-control") == [keep]
        assert answer.headers.get_list("content-security-policy") == [NOTHING_LOADS]
        assert not SECRET.search(answer.text)
    is_shell = is_page and answer.headers.get("content-type", "").startswith("text/html")
    if answer.status_code >= 400 and not is_shell:
        _check_problem(answer)


def _check_problem(answer: httpx.Response) -> None:
    status = answer.status_code
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert answer.headers.get("www-authenticate", "Bearer").startswith("Bearer")
    assert ("retry-after" in answer.headers) == (status in {429, 503})
    assert int(answer.headers.get("retry-after", "1")) >= 1
    assert ("allow" in answer.headers) == (status == 405)
    if answer.request.method == "HEAD":
        assert answer.content == b""
        return
    body = answer.json()
    assert set(body) - {"errors", "hint"} == PROBLEM
    assert "hint" not in body or status in {401, 403}
    assert body["status"] == status
    assert body["request_id"] == answer.headers["x-request-id"]
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", body["code"])
    assert body["type"].endswith(body["code"])
    assert body["title"]
    assert body["message"]


def assert_problem(answer: httpx.Response, status: int, code: str, *fields: str) -> None:
    """Assert that it was refused with *code*, naming exactly *fields*."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert tuple(error["field"] for error in body.get("errors", ())) == fields
    assert all(error["message"] for error in body.get("errors", ()))


def but_request_id(answer: httpx.Response) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Return everything of an answer that two equal answers share; only ids differ in length."""
    of_this_one = {"x-request-id", "content-length"}
    headers = {name: value for name, value in answer.headers.items() if name not in of_this_one}
    body = {name: value for name, value in answer.json().items() if name != "request_id"}
    return answer.status_code, headers, body


@dataclass(frozen=True)
class SetCookie:
    """One Set-Cookie header, taken apart."""

    name: str
    value: str
    attributes: dict[str, str]

    @property
    def max_age_seconds(self) -> int:
        return int(self.attributes["max-age"])

    @property
    def lasting(self) -> dict[str, str]:
        """The attributes that setting and deleting must share, or a browser keeps the cookie."""
        return {name: value for name, value in self.attributes.items() if name != "max-age"}


def set_cookie(answer: httpx.Response) -> SetCookie:
    """Return the one refresh cookie that *answer* sets; a sign-in also sets a device cookie."""
    return _set_cookie(answer, "refreshToken")


def set_device_cookie(answer: httpx.Response) -> SetCookie:
    """Return the one device cookie that *answer* sets."""
    return _set_cookie(answer, "deviceToken")


def _set_cookie(answer: httpx.Response, wanted: str) -> SetCookie:
    names = (wanted, f"__Host-{wanted}")
    headers = answer.headers.get_list("set-cookie")
    (header,) = [each for each in headers if each.partition("=")[0] in names]
    first, *attributes = header.split("; ")
    name, _, value = first.partition("=")
    pairs = [attribute.partition("=") for attribute in attributes]
    assert len({key.lower() for key, _, _ in pairs}) == len(pairs)
    return SetCookie(name, value, {key.lower(): text for key, _, text in pairs})


def assert_cookie_cleared(answer: httpx.Response) -> None:
    cookie = set_cookie(answer)
    assert (cookie.value, cookie.max_age_seconds) == ("", 0)
