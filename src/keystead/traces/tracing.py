"""
Spans of this process, sent in batches by a thread; configured by the `OTEL_*` names of the environment.

Names and attributes are those of OpenTelemetry's semantic conventions, less what tells of a person or
is chosen by a client: no address, no `url.path` (the template, `http.route`, says enough), no headers.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from opentelemetry.context import Context, attach, detach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Span,
    SpanKind,
    Status,
    StatusCode,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from keystead.domain.store import Store
from keystead.traces.store import traced

FLUSH_SECONDS = 2.0
"""How long a process that stops waits for its last spans to be taken."""

COMPLAINT_SECONDS = 60.0
"""Between two lines in the log that say that spans are not taken: batches come every five seconds."""

METHODS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
)
"""All others are `_OTHER`, since a client can call its method anything (RFC 9110, RFC 5789)."""

SERVER_ERROR = 500

T = TypeVar("T")


class RequestSpan:
    """The span of one request."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self.trace_id = format(span.get_span_context().trace_id, "032x")

    def describe(self, method: str, route: str | None, status: int, code: str | None) -> None:
        """
        Say what came of the request.

        Args: route: the template of the path. code: of the problem, where the answer is one.
        """
        if not self._span.is_recording():
            return
        known = method if method in METHODS else "_OTHER"
        name = known if method in METHODS else "HTTP"
        self._span.update_name(f"{name} {route}" if route else name)
        found: dict[str, str | int] = {
            "http.request.method": known,
            "http.response.status_code": status,
        }
        if route:
            found["http.route"] = route
        if code:
            found["keystead.code"] = code
        if status >= SERVER_ERROR:
            found["error.type"] = code or str(status)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.set_attributes(found)


class Tracing:
    """
    Makes spans, and has them sent.

    Args:
        service: what it is called, unless `OTEL_SERVICE_NAME` says.
        scheme: which one clients use to reach it, whatever a proxy in front makes of it.
        tell: called with a sentence when spans are not taken; on any thread, once a minute at most.

    Raises: ValueError, OSError: a value of the environment makes no sense.

    """

    def __init__(
        self, service: str, version: str, scheme: str, tell: Callable[[str], None]
    ) -> None:
        self._complaints = _Complaints(tell)
        about = Resource.create({"service.name": service, "service.version": version})
        # What the environment says of it comes last, and so holds.
        about = about.merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=about, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("keystead", version)
        self._scheme = scheme
        self._propagator = TraceContextTextMapPropagator()

    @contextmanager
    def request(self, parent: str | None) -> Iterator[RequestSpan]:
        """
        Make the span of one request, under which the others stand meanwhile.

        Args: parent: a `traceparent` (W3C Trace Context) of somebody who may decide what is sampled.
        """
        context = Context()  # An empty one: a new trace begins.
        if parent is not None:
            context = self._propagator.extract({"traceparent": parent}, context)
        scheme = {"url.scheme": self._scheme}
        span = self._tracer.start_span("HTTP", context, SpanKind.SERVER, scheme)
        token = attach(set_span_in_context(span, context))
        try:
            yield RequestSpan(span)
        finally:
            detach(token)
            span.end()

    def around_store(self, store: Store, product: str) -> Store:
        """Return *store* with a span for each verb that a request calls."""
        return traced(store, self._tracer, product)

    def around_hash(self, work: Callable[[], T]) -> Callable[[], T]:
        """Return *work*, for another thread, with one span for its wait and one for itself."""
        if not get_current_span().is_recording():
            return work
        context = set_span_in_context(get_current_span())
        waiting = self._tracer.start_span("password hash: wait", context)

        def done_and_measured() -> T:
            waiting.end()
            working = self._tracer.start_span("password hash: work", context)
            try:
                return work()
            finally:
                working.end()

        return done_and_measured

    def close(self) -> None:
        """Send what is left, if that is soon done; a collector that does not answer is left behind."""
        # The library would wait for half a minute.
        ending = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        ending.start()
        ending.join(FLUSH_SECONDS)
        self._complaints.close()


class _Complaints(logging.Handler):
    """What the library would print: one line of ours a minute instead."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell
        self._next = 0.0
        self._logger = logging.getLogger("opentelemetry")
        self._logger.addHandler(self)
        self._logger.propagate = False

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on what has not been said for a while."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + COMPLAINT_SECONDS
            self._tell(record.getMessage())

    def close(self) -> None:
        """Say nothing any more."""
        self._logger.removeHandler(self)
        self._logger.propagate = True
        super().close()
