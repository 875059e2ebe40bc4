"""
The outermost layer: what holds for every request, whatever route it meets or misses.

Gives the request an id, refuses what no route should see, turns every fault into a problem
document, adds the security headers to every response of every status, and writes the log line.
"""

import re
from itertools import count
from time import perf_counter

from fastapi import FastAPI
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from keystead.domain.errors import Fault, Unavailable
from keystead.logs import RequestLine, log, log_request
from keystead.web.access import Guarded
from keystead.web.call import Call, Context, Trace
from keystead.web.client_ip import ClientIp
from keystead.web.dispatch import Dispatcher
from keystead.web.errors import (
    HeadersTooLarge,
    InternalError,
    RequestMalformed,
    problem,
)

MAX_HEADER_BYTES = 16 * 1024
"""Names and values together; browsers stay under 8 KiB."""

CLIENT_GONE = 499
"""Logged, never sent: the client left before it could be answered (nginx's number)."""

MAX_METHOD = 16
"""Characters of a method that are logged; ours have at most 7."""

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
"""An X-Request-ID that is taken over; anything else is replaced."""

HOST = re.compile(rb"[A-Za-z0-9._-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
"""A name, an IPv4 address or an IPv6 address in brackets, perhaps with a port."""

SINGLE_HEADERS = frozenset(
    {b"host", b"content-length", b"content-type", b"content-encoding", b"transfer-encoding"}
)
"""Given twice, two readers could each follow another one."""

SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
"""OWASP HTTP Headers Cheat Sheet, REST Security Cheat Sheet; ASVS 3.4. A route's own value wins."""

HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


class Shell:
    """An ASGI application around the FastAPI one."""

    def __init__(self, app: FastAPI, client_ip: ClientIp, *, is_https: bool) -> None:
        self.app = app
        self._dispatcher = Dispatcher(route for route in app.routes if isinstance(route, Guarded))
        self._client_ip = client_ip
        self._request_numbers: count[int] | None = None
        self._headers = (*SECURITY_HEADERS, *((HSTS,) if is_https else ()))
        self._header_names = frozenset(name for name, _ in self._headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection event; only `http` and `lifespan` are spoken."""
        scope["app"] = self.app
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self.app.router(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        context: Context = self.app.state.context
        trace = self._trace(scope, context)
        status = CLIENT_GONE
        try:
            response = await self._respond(scope, receive, context, trace)
            status = response.status_code
            await self._send(response, scope, send, trace)
        except OSError:
            pass  # The client left while it was being answered.
        except Exception as error:  # noqa: BLE001 - the last resort: it has been answered already.
            _log_bug(error, trace)
        finally:
            _log(scope, trace, status, perf_counter() - started)

    async def _respond(
        self, scope: Scope, receive: Receive, context: Context, trace: Trace
    ) -> Response:
        try:
            check_request(scope)
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            route, scope["path_params"] = self._dispatcher.find(method, scope["path"])
            trace.route = route.path
            return await route.respond(Call(scope, receive, context, trace))
        except Exception as error:  # noqa: BLE001 - the last resort: nothing may go unanswered.
            return problem(_fault_of(error, trace), trace.request_id)

    async def _send(self, response: Response, scope: Scope, send: Send, trace: Trace) -> None:
        # All answers are whole, so they need neither Starlette's way to send nor one around it.
        headers = self._headers_of(response, trace)
        status = response.status_code
        await send({"type": "http.response.start", "status": status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else response.body
        await send({"type": "http.response.body", "body": body})

    def _headers_of(self, response: Response, trace: Trace) -> list[tuple[bytes, bytes]]:
        own = response.raw_headers
        names = {name for name, _ in own}
        general = self._headers
        if not names.isdisjoint(self._header_names):
            general = tuple(header for header in general if header[0] not in names)
        return [*own, *general, (b"x-request-id", trace.request_id.encode())]

    def _trace(self, scope: Scope, context: Context) -> Trace:
        given, forwarded = None, []
        for name, value in scope["headers"]:
            if name == b"x-request-id" and REQUEST_ID.fullmatch(value):
                given = value.decode()
            elif name == b"x-forwarded-for":
                forwarded.append(value)
        peer = scope["client"][0] if scope.get("client") else None
        return Trace(
            request_id=given or self._next_request_id(context),
            now=context.clock(),
            ip=self._client_ip.find(peer, forwarded),
        )

    def _next_request_id(self, context: Context) -> str:
        # Unique, not unguessable: counting from a random number. Asking the operating system for
        # random bytes each time would cost more than the rest of this class.
        if self._request_numbers is None:
            self._request_numbers = count(context.first_request)
        return f"{next(self._request_numbers):032x}"


def check_request(scope: Scope) -> None:
    """
    Refuse what proxies and servers could read in two ways.

    Raises: HeadersTooLarge. RequestMalformed: not exactly one Host that could be one (RFC 9112
            section 3.2), a body whose length is said twice or in an unknown way, the seed of
            request smuggling (section 6.1), or what the body is said twice.
    """
    size = 0
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        size += len(name) + len(value)
        if name in SINGLE_HEADERS:
            if name in found:
                raise RequestMalformed(Connection="close")
            found[name] = value
    if size > MAX_HEADER_BYTES:
        raise HeadersTooLarge(Connection="close")
    coding = found.get(b"transfer-encoding")
    if coding is not None and (coding.lower() != b"chunked" or b"content-length" in found):
        raise RequestMalformed(Connection="close")
    host = found.get(b"host", b" ")
    if not (HOST.fullmatch(host) or _needs_no_host(scope, host)):
        raise RequestMalformed(Connection="close")


def _needs_no_host(scope: Scope, host: bytes) -> bool:
    return host == b"" and scope["http_version"] in {"1", "1.0"}


def _fault_of(error: Exception, trace: Trace) -> Fault:
    if isinstance(error, Unavailable):
        reason = repr(error.__cause__) if error.__cause__ else None
        log.error(error.code, request_id=trace.request_id, reason=reason)
    if isinstance(error, Fault):
        return error
    if isinstance(error, ClientDisconnect):
        # Either the client has left, or what it sent was no body: it may still be listening.
        return RequestMalformed(Connection="close")
    _log_bug(error, trace)
    return InternalError()


def _log_bug(error: Exception, trace: Trace) -> None:
    log.error("internal_error", request_id=trace.request_id, exc_info=error)


def _log(scope: Scope, trace: Trace, status: int, seconds: float) -> None:
    log_request(
        RequestLine(
            timestamp=trace.now,
            request_id=trace.request_id,
            method=scope["method"][:MAX_METHOD],
            route=trace.route,
            status=status,
            ms=round(seconds * 1000, 2),
            user_id=trace.user_id,
            ip=trace.ip,
        )
    )
