"""How an answer becomes bytes."""

from starlette.responses import Response

from keystead.web.shapes import Shape

JSON = (b"content-type", b"application/json")


class Reply(Response):
    """A finished text in JSON, for the shell to send. Starlette's own works out anew what is known."""

    def __init__(self, text: bytes, status_code: int = 200) -> None:
        self.body = text
        self.status_code = status_code
        self.raw_headers = [(b"content-length", b"%d" % len(text)), JSON]


class Empty(Response):
    """An answer without content, and so without its length (RFC 9110 section 8.6)."""

    def __init__(self, *headers: tuple[bytes, bytes]) -> None:
        self.body = b""
        self.status_code = 204
        self.raw_headers = list(headers)


def text_of(shape: Shape) -> bytes:
    """Write *shape* as JSON."""
    return shape.model_dump_json(by_alias=True).encode()


CLEAR_SITE_DATA = (b"clear-site-data", b'"cache"')
"""
Not `"cookies"`: those of every sister domain would go. Not `"storage"`: under one origin that is the
application's. What a page had cached, to go back to for instance, is nobody's any more.
"""


def reply(
    shape: Shape, status: int = 200, cookie: str | None = None, device_cookie: str | None = None
) -> Response:
    """Return *shape* as JSON, with a Set-Cookie for each cookie given."""
    response = Reply(text_of(shape), status)
    for each in (cookie, device_cookie):
        if each is not None:
            response.raw_headers.append((b"set-cookie", each.encode("latin-1")))
    return response


def farewell(shape: Shape, cookie: str) -> Response:
    """Return *shape* to somebody who is signed out by it; *cookie* takes the refresh token back."""
    response = reply(shape, cookie=cookie)
    response.raw_headers.append(CLEAR_SITE_DATA)
    return response
