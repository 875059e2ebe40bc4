"""
The pages under `/account` and `/admin`, for people.

They are files, the same for everybody: what they show they ask the API for, like any other client, so
these routes are public. `page_files` has what is sent.
"""

from starlette.responses import Response

from keystead.web.access import PUBLIC, Routes
from keystead.web.call import Call
from keystead.web.errors import RouteNotFound
from keystead.web.page_files import AREAS, File

PAGES = {"account": {"profile", "register"}, "admin": {"users", "audit"}}
"""What there is besides the first page of an area; the script shows it."""

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Nothing inline, nobody else's, and no text that becomes markup: there is no policy to make it with."""

SHELL_HEADERS = {
    "content-security-policy": CSP,
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-cache",
}

KEPT = {"cache-control": "public, max-age=31536000, immutable"}
"""The version in the address changes with the content."""


def _routes_of(area: str) -> Routes:
    routes = Routes()

    @routes.add("GET", f"/{area}", access=PUBLIC)
    async def get_first_page(call: Call) -> Response:
        """Show the first page of this area, or let people sign in."""
        return _shell(call, area)

    @routes.add("GET", f"/{area}/{{page}}", access=PUBLIC)
    async def get_page(call: Call, page: str) -> Response:
        """Show one of its other pages."""
        return _shell(call, area, page)

    @routes.add("GET", f"/{area}/files/{{version}}/{{file}}", access=PUBLIC)
    async def get_file(call: Call, version: str, file: str) -> Response:
        """Return a part of its pages."""
        return _file(call, version, file)

    return routes


ROUTES = {area: _routes_of(area) for area in AREAS}


@ROUTES["admin"].add("GET", "/admin/users/{id}", access=PUBLIC)
async def get_admin_user(call: Call, id: str) -> Response:  # noqa: A002, ARG001 - read by the script.
    """Show one account."""
    return _shell(call, "admin")


def _shell(call: Call, area: str, page: str | None = None) -> Response:
    is_there = page is None or page in PAGES[area]
    return _answer(
        call, call.context.pages.shells[area], SHELL_HEADERS, status=200 if is_there else 404
    )


def _file(call: Call, version: str, name: str) -> Response:
    pages = call.context.pages
    if name not in pages.files:
        raise RouteNotFound
    # Of another version, while hosts are upgraded one after another: the same, and not to be kept.
    headers = KEPT if version == pages.version else {"cache-control": "no-cache"}
    return _answer(call, pages.files[name], headers)


def _answer(call: Call, file: File, headers: dict[str, str], status: int = 200) -> Response:
    headers = {**headers, "etag": file.etag, "vary": "Accept-Encoding"}
    if status == 200 and file.etag in call.headers.get("if-none-match", ""):  # noqa: PLR2004
        return Response(status_code=304, headers=headers)
    if _takes_gzip(call.headers.get("accept-encoding", "")):
        headers["content-encoding"] = "gzip"
        return Response(file.zipped, status, headers, file.media_type)
    return Response(file.plain, status, headers, file.media_type)


def _takes_gzip(accepted: str) -> bool:
    """Say whether *accepted* names gzip, and not to refuse it (RFC 9110 section 12.5.3)."""
    for each in accepted.split(","):
        coding, _, quality = each.replace(" ", "").lower().partition(";q=")
        if coding == "gzip":
            return quality.strip("0.") != "" or not quality
    return False
