"""A small HTTP server on a thread, for the monitoring system and the operator, and nobody else."""

import socket
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import orjson
from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app

from keystead.domain.readiness import Readiness
from keystead.metrics.numbers import Numbers, Sources

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

SLOW_SECONDS = 10
"""Whoever is not done by then is cut off."""

MOST_AT_ONCE = 16
"""Connections; each has a thread in the process that serves. One more is closed at once."""


class NoPortFree(Exception):  # noqa: N818 - named for the fact, like every fault.
    """All ports that this process could take are somebody else's."""


class OperatorsServer:
    """
    Answers `GET /metrics` and `GET /readyz`.

    Takes the first of *ports* that is free: each server process has one of its own, since a request to
    a shared one would be answered by whichever process came first.

    Args:    host: an IP address. readiness: called on a thread; may take a while.
    Raises:  NoPortFree.
    """

    def __init__(
        self, host: str, ports: Iterable[int], sources: Sources, readiness: Callable[[], Readiness]
    ) -> None:
        registry = CollectorRegistry()
        registry.register(Numbers(sources))
        ProcessCollector(registry=registry)
        self._metrics = make_wsgi_app(registry)
        self._readiness = readiness
        self._server = _bind(host, ports)
        self._server.set_app(self._answer)
        self.port = int(self._server.server_port)
        threading.Thread(target=self._server.serve_forever, name="operators", daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, asked: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        if asked["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            start("405 Method Not Allowed", [("Allow", "GET, HEAD")])
            return []
        match asked["PATH_INFO"]:
            case "/metrics":
                return list(self._metrics(asked, start))
            case "/readyz":
                found = self._readiness()
                status = "200 OK" if found.is_ready else "503 Service Unavailable"
                start(status, [("Content-Type", "application/json")])
                return [orjson.dumps({"status": found.status, "parts": found.parts})]
            case _:
                start("404 Not Found", [("Content-Type", "text/plain")])
                return [b"There are /metrics and /readyz\n"]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, *given: Any) -> None:  # noqa: ANN401 - those of the library.
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__(*given)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        # The handler's own limit begins anew with each byte.
        ending = threading.Timer(SLOW_SECONDS, partial(_cut_off, request))
        ending.daemon = True
        ending.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            ending.cancel()
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        if not isinstance(sys.exception(), OSError):  # That is a client who left, or was cut off.
            super().handle_error(request, client_address)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's own asks the DNS what this host is called.
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]
        self.setup_environ()


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = SLOW_SECONDS

    def log_message(self, *_: Any) -> None:  # noqa: ANN401 - as the library has it.
        """Write nothing: a monitoring system asks four times a minute."""


def _cut_off(request: socket.socket) -> None:
    with suppress(OSError):  # It is done after all.
        request.shutdown(socket.SHUT_RDWR)


def _bind(host: str, ports: Iterable[int]) -> _Server:
    kind = _Server6 if ":" in host else _Server
    for port in ports:
        try:
            return kind((host, port), _Handler)
        except OSError:
            continue
    raise NoPortFree
