"""A small HTTP server on a thread, for the monitoring system and the operator, and nobody else."""

import socket
import threading
from collections.abc import Callable, Iterable
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
"""A client that says nothing for so long is cut off."""


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


def _bind(host: str, ports: Iterable[int]) -> _Server:
    kind = _Server6 if ":" in host else _Server
    for port in ports:
        try:
            return kind((host, port), _Handler)
        except OSError:
            continue
    raise NoPortFree
