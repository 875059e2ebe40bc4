"""
The outermost layer: what holds for every request, whatever route it meets or misses.

Gives the request an id, refuses what no route should see, turns every fault into a problem
document, adds the security headers to every response of every status, and writes the log line.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from time import perf_counter_ns

from fastapi import FastAPI
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from keystead.domain.errors import Fault, Unavailable
from keystead.logs import RequestLine, log, log_request
from keystead.web.access import Guarded
from keystead.web.body import Incoming
from keystead.web.call import Call, Context
from keystead.web.client_ip import ClientIp, Network
from keystead.web.cors import Cors
from keystead.web.csrf import SAFE_METHODS, OriginCheck
from keystead.web.dispatch import Dispatcher
from keystead.web.errors import InternalError, RequestMalformed, problem
from keystead.web.head import Head, read_head
from keystead.web.hosts import Hosts
from keystead.web.replies import Empty
from keystead.web.tally import STEP_NS, STEPS_IN_MS, Tally

CLIENT_GONE = 499
"""Logged, never sent: the client left before it could be answered (nginx's number)."""

MAX_METHOD = 16
"""Characters of a method that are logged; ours have at most 7."""

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


@dataclass(frozen=True, slots=True)
class Reach:
    """
    How requests reach this service, as the settings say.

    Args:
        path: what stands before every path of ours; empty, or such as `/accounts`.
        hosts: the names it is reached by; see `Hosts`.
        origins: whose pages may ask, besides its own.
        trusted_proxies: whose X-Forwarded-For is believed.
        is_https: browsers speak https to it, whatever a proxy in front speaks.

    """

    path: str
    hosts: Iterable[str]
    origins: Iterable[str]
    trusted_proxies: Sequence[Network]
    is_https: bool


class Shell:
    """An ASGI application around the FastAPI one."""

    def __init__(self, app: FastAPI, reach: Reach, tally: Tally | None) -> None:
        self.app = app
        self.path = reach.path
        self._tally = tally
        self._context: Context = app.state.context
        self._dispatcher = Dispatcher(route for route in app.routes if isinstance(route, Guarded))
        self._client_ip = ClientIp(reach.trusted_proxies)
        self._hosts = Hosts(reach.hosts)
        self._cors = Cors(reach.origins)
        self._origin_check = OriginCheck(reach.origins, is_https=reach.is_https)
        self._request_numbers = count(self._context.first_request)
        hsts = (HSTS,) if reach.is_https else ()
        self._headers = (*SECURITY_HEADERS, *hsts, *self._cors.on_every_answer)
        # A second Vary adds to the first; of all others there is one, the more particular.
        self._header_names = frozenset(name for name, _ in self._headers) - {b"vary"}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Be connected meanwhile: for an application that mounts this one, in its own lifespan."""
        async with self.app.router.lifespan_context(self.app):
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection event; only `http` and `lifespan` are spoken."""
        scope["app"] = self.app
        if scope["type"] == "lifespan":
            await self.app.router(scope, receive, send)
        if scope["type"] != "http":
            return
        started_ns = perf_counter_ns()
        head = read_head(scope["headers"])
        trace = self._trace(scope, head)
        try:
            incoming = Incoming(receive) if head.announces_body else None
            response = await self._respond(scope, incoming or receive, head, trace)
            if incoming and "connection" not in response.headers:
                await incoming.drain()
            trace.status = status = response.status_code
            # All answers are whole, so Starlette's own way to send them has nothing to add.
            headers = self._headers_of(response, head, trace)
            await send({"type": "http.response.start", "status": status, "headers": headers})
            body = b"" if scope["method"] == "HEAD" else response.body
            await send({"type": "http.response.body", "body": body})
        except OSError:
            pass  # The client left while it was being answered.
        except Exception as error:  # noqa: BLE001 - the last resort: it has been answered already.
            _log_bug(error, trace)
        finally:
            steps = (perf_counter_ns() - started_ns) // STEP_NS
            trace.ms = steps / STEPS_IN_MS
            if self._tally is not None:
                self._tally.add(trace, steps)
            log_request(trace)

    async def _respond(
        self, scope: Scope, receive: Receive, head: Head, trace: RequestLine
    ) -> Response:
        method, path = scope["method"], scope["path"]
        if self.path:  # No route of ours has an empty path.
            path = path.removeprefix(self.path) if path.startswith(f"{self.path}/") else ""
        try:
            self._check(method, path, scope, head)
            if method == "OPTIONS" and (preflight := self._cors.preflight(method, head)):
                return preflight
            method = "GET" if method == "HEAD" else method
            route, scope["path_params"] = self._dispatcher.find(method, path)
            trace.route = route.path
            if route.lean is not None and not scope["query_string"]:
                return await route.lean(head, self._context, trace)
            return await route.respond(Call(scope, receive, head, self._context, trace))
        except Exception as error:  # noqa: BLE001 - the last resort: nothing may go unanswered.
            return problem(_fault_of(error, trace), trace, has_hint=self._context.has_hints)

    def _check(self, method: str, path: str, scope: Scope, head: Head) -> None:
        head.check()
        # Before version 1.1 there was no Host. No browser is as old, so none can be led astray.
        host = head.single.get(b"host")
        if host or scope["http_version"] not in {"1", "1.0"}:
            self._hosts.check(host, path)
        if method not in SAFE_METHODS:
            self._origin_check.check(head)

    def _headers_of(
        self, response: Response, head: Head, trace: RequestLine
    ) -> list[tuple[bytes, bytes]]:
        own = response.raw_headers
        general = self._headers
        if not isinstance(response, Empty):  # It has no value of its own for any of these.
            for name, _ in own:
                if name in self._header_names:
                    general = tuple(header for header in general if header[0] != name)
        if (origin := head.single.get(b"origin")) is not None:
            general = (*general, *self._cors.headers_for(origin))
        return [*own, *general, (b"x-request-id", trace.request_id.encode())]

    def _trace(self, scope: Scope, head: Head) -> RequestLine:
        peer = scope["client"][0] if scope.get("client") else None
        return RequestLine(
            timestamp=self._context.clock(),
            request_id=head.request_id or self._next_request_id(),
            method=scope["method"][:MAX_METHOD],
            route=None,
            status=CLIENT_GONE,
            ms=0.0,
            user_id=None,
            ip=self._client_ip.find(peer, head.forwarded),
        )

    def _next_request_id(self) -> str:
        # Unique, not unguessable: counting from a random number. Asking the operating system for
        # random bytes each time would cost more than the rest of this class.
        return f"{next(self._request_numbers):032x}"


def _fault_of(error: Exception, trace: RequestLine) -> Fault:
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


def _log_bug(error: Exception, trace: RequestLine) -> None:
    log.error("internal_error", request_id=trace.request_id, exc_info=error)
