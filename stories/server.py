"""Serves the pages and what they ask for, on the loopback interface."""

import html
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlsplit

from keystead.web.page_files import AREAS, File, PageFiles, Site, read_contents
from keystead.web.pages import SHELL_HEADERS
from stories.api import answer
from stories.states import NEVER, STORIES, Story

SITE = Site("Keystead", 8, AREAS)
PATIENCE_SECONDS = 15


@contextmanager
def serve(port: int = 0) -> Iterator[str]:
    """Serve on *port*, or a free one. Gives: the address."""
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[Counter[str]] = Counter()

    def do_GET(self) -> None:
        """Serve a page, a part of one, the list of stories, or what the API would say."""
        path = urlsplit(self.path).path
        area, _, rest = path.lstrip("/").partition("/")
        if path == "/":
            self._send(200, _index().encode(), "text/html; charset=utf-8")
        elif path.startswith("/stories/"):
            self._begin(path.removeprefix("/stories/"))
        elif area not in AREAS:
            self._answer()
        elif rest.startswith("files/"):
            self._file(PageFiles(SITE, read_contents()).files.get(rest.split("/")[-1]))
        else:
            self._file(PageFiles(SITE, read_contents()).shells[area], SHELL_HEADERS)

    def do_POST(self) -> None:
        """Say what the API would."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self._answer()

    do_PUT = do_DELETE = do_POST  # noqa: N815

    @property
    def story(self) -> Story:
        """The one that the cookie names."""
        cookies = SimpleCookie(self.headers.get("Cookie", ""))
        name = cookies["story"].value if "story" in cookies else "devices"
        return STORIES.get(name, STORIES["devices"])

    def _begin(self, name: str) -> None:
        if name not in STORIES:
            self._send(404, b"There is no such story", "text/plain")
            return
        self.asked.clear()
        headers = {"Location": STORIES[name].path, "Set-Cookie": f"story={name}; Path=/"}
        self._send(303, b"", "text/plain", headers)

    def _answer(self) -> None:
        found = answer(self.story, self.command, self.path, self.asked)
        if isinstance(found, str):
            if found == NEVER:
                time.sleep(PATIENCE_SECONDS)
            self.close_connection = True
            return
        status, body, headers = found
        self._send(status, json.dumps(body).encode(), "application/json", headers)

    def _file(self, file: File | None, headers: dict[str, str] | None = None) -> None:
        if file is None:
            self._send(404, b"", "text/plain")
        else:
            self._send(200, file.plain, file.media_type, headers)

    def _send(
        self, status: int, body: bytes, media_type: str, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Cache-Control": "no-store"}.items():
            if name.lower() != "cache-control" or value == "no-store":
                self.send_header(name, value)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(BrokenPipeError):  # The story has changed meanwhile.
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _index() -> str:
    rows = "".join(
        f'<li><a href="/stories/{name}">{html.escape(story.about)}</a></li>'
        for name, story in STORIES.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Stories</title>'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<h1>Every page in every state</h1><ul>{rows}</ul></html>"
    )
