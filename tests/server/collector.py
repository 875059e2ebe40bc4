"""A collector of OpenTelemetry on loopback, that can misbehave."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

LONGEST_STALL_SECONDS = 60

Attributes = dict[str, Any]


@dataclass(frozen=True)
class Span:
    """One that was sent."""

    name: str
    kind: int
    trace: str
    id: str
    parent: str
    seconds: float
    attributes: Attributes
    is_error: bool
    of_process: Attributes


@dataclass
class Collector:
    """What was sent, and how it answers."""

    status: int = 200
    is_silent: bool = False
    port: int = 0
    requests: int = 0
    raw: bytes = b""
    paths: set[str] = field(default_factory=set)
    headers: Attributes = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    goes_on: threading.Event = field(default_factory=threading.Event)

    @property
    def environment(self) -> dict[str, str]:
        """What a program is told, so that it sends here, and soon."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "OTEL_BSP_SCHEDULE_DELAY": "50",
        }

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def below(self, parent: Span) -> list[str]:
        """The names of its children, in the order in which they ended."""
        return [span.name for span in self.spans if span.parent == parent.id]

    def take(self, body: bytes) -> None:
        self.raw += body
        sent = ExportTraceServiceRequest.FromString(body)
        self.spans += [
            Span(
                name=span.name,
                kind=span.kind,
                trace=span.trace_id.hex(),
                id=span.span_id.hex(),
                parent=span.parent_span_id.hex(),
                seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                attributes=_attributes(span.attributes),
                is_error=span.status.code == 2,
                of_process=_attributes(of_process.resource.attributes),
            )
            for of_process in sent.resource_spans
            for of_scope in of_process.scope_spans
            for span in of_scope.spans
        ]


def _attributes(pairs: Any) -> Attributes:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


@contextmanager
def collecting(collector: Collector | None = None) -> Iterator[Collector]:
    """Serve *collector*, or one that answers as it should."""
    serving = collector or Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            serving.requests += 1
            serving.paths.add(self.path)
            serving.headers |= dict(self.headers.items())
            if serving.is_silent:
                serving.goes_on.wait(LONGEST_STALL_SECONDS)
                return
            serving.take(self.rfile.read(int(self.headers["Content-Length"])))
            with suppress(ConnectionError):
                self.send_response(serving.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield serving
        finally:
            serving.goes_on.set()
            server.shutdown()
            thread.join()
