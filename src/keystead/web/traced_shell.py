"""The outermost layer where traces are asked for: the same, with a span around each answer."""

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import Receive, Scope

from keystead.logs import RequestLine
from keystead.web.head import Head
from keystead.web.shell import Reach, Shell
from keystead.web.tally import Tally

PARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
"""A `traceparent` (W3C Trace Context, section 3.2); of anything else the library would complain."""


class RequestSpan(Protocol):
    """The span of one request."""

    trace_id: str

    def describe(self, method: str, route: str | None, status: int, code: str | None) -> None:
        """Say what came of the request."""


class RequestSpans(Protocol):
    """Where spans of requests come from."""

    def request(self, parent: str | None) -> AbstractContextManager[RequestSpan]:
        """Make one, below *parent* (a `traceparent`) or as the first of a trace."""


@dataclass
class TracedLine(RequestLine):
    """
    What is said of a request, and where more is.

    Args:
        trace_id: 32 hexadecimal digits.

    """

    trace_id: str | None = None


class TracedShell(Shell):
    """
    See `Shell`.

    Args:
        believes_proxies: a trusted proxy says to which trace a request belongs, and with that whether
            it is sampled. Off unless asked for: most proxies pass on what a client wrote.

    """

    def __init__(
        self,
        app: FastAPI,
        reach: Reach,
        tally: Tally | None,
        spans: RequestSpans,
        *,
        believes_proxies: bool,
    ) -> None:
        super().__init__(app, reach, tally)
        self._spans = spans
        self._believes_proxies = believes_proxies

    def _trace(self, scope: Scope, head: Head) -> RequestLine:
        return TracedLine(**vars(super()._trace(scope, head)))

    async def _respond(
        self, scope: Scope, receive: Receive, head: Head, trace: RequestLine
    ) -> Response:
        with self._spans.request(self._parent(scope)) as span:
            if isinstance(trace, TracedLine):
                trace.trace_id = span.trace_id
            response = await super()._respond(scope, receive, head, trace)
            span.describe(trace.method, trace.route, response.status_code, trace.code)
            return response

    def _parent(self, scope: Scope) -> str | None:
        if not (self._believes_proxies and self._client_ip.trusts(scope.get("client"))):
            return None
        found = [value for name, value in scope["headers"] if name == b"traceparent"]
        # Said twice, it is said by two.
        return found[0].decode() if len(found) == 1 and PARENT.fullmatch(found[0]) else None
