"""A MaxMind on loopback that can misbehave."""

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat

LAST_MODIFIED = "Fri, 02 Jan 2026 03:04:05 GMT"
PATH = "/geoip/databases/GeoLite2-City/download?suffix=tar.gz"
PIECE = b"x" * 65_536


@dataclass
class MaxMind:
    """What the server sends, and what it was sent."""

    archive: bytes = b""
    checksum: str | None = None
    status: int = 200
    redirect_to: str | None = None
    stall_after: int | None = None
    cut_after: int | None = None
    is_endless: bool = False
    headers: dict[str, str] = field(default_factory=lambda: {"Last-Modified": LAST_MODIFIED})
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    port: int = 0
    stalled: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append((request.path, headers))
        if self.redirect_to:
            self._start(request, 302, {"Location": self.redirect_to + request.path})
        elif self.status != 200:
            self._start(request, self.status, {})
        elif request.path.endswith(".sha256"):
            digest = hashlib.sha256(self.archive).hexdigest()
            self._start(request, 200, {})
            request.wfile.write((self.checksum or f"{digest}  GeoLite2-City.tar.gz\n").encode())
        elif self._is_unchanged(headers.get("if-modified-since")):
            self._start(request, 304, {})
        else:
            self._send(request)

    def _is_unchanged(self, since: str | None) -> bool:
        if since is None:
            return False
        return parsedate_to_datetime(since) >= parsedate_to_datetime(self.headers["Last-Modified"])

    def _send(self, request: BaseHTTPRequestHandler) -> None:
        if self.is_endless:
            self._start(request, 200, {})
            for piece in repeat(PIECE):
                request.wfile.write(piece)
        self._start(request, 200, {"Content-Length": str(len(self.archive)), **self.headers})
        if self.stall_after is not None:
            request.wfile.write(self.archive[: self.stall_after])
            self.stalled.set()
            self.released.wait(timeout=10)
            request.wfile.write(self.archive[self.stall_after :])
        else:
            request.wfile.write(self.archive[: self.cut_after])

    @staticmethod
    def _start(request: BaseHTTPRequestHandler, status: int, headers: dict[str, str]) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()


@contextlib.contextmanager
def serve(maxmind: MaxMind) -> Iterator[MaxMind]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            # The client hangs up on what it refuses.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                maxmind.answer(self)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        maxmind.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield maxmind
        finally:
            maxmind.released.set()
            server.shutdown()
            thread.join()
