"""
From faults to responses: one table from kind to status, one shape for every error.

The shape is RFC 9457's `application/problem+json` with the members `message` and `code` added.
Faults of the protocol itself, which no flow knows, are declared here.
"""

import math
from datetime import timedelta
from http import HTTPStatus
from typing import ClassVar

import orjson
from starlette.responses import Response

from keystead.domain.errors import (
    Conflict,
    Fault,
    FieldError,
    Forbidden,
    Invalid,
    Missing,
    ReauthenticationRequired,
    SessionEnded,
    Throttled,
    TokenExpired,
    TokenInvalid,
    Unauthenticated,
    Unavailable,
)
from keystead.logs import RequestLine
from keystead.web.hints import hint_for

STATUS_OF_KIND: dict[type[Fault], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    Missing: 404,
    Conflict: 409,
    Throttled: 429,
    Unavailable: 503,
}

MEDIA_TYPE = "application/problem+json"


class ProtocolFault(Fault):
    """The request is not one that any route could answer."""

    status: ClassVar[int]

    def __init__(self, *errors: FieldError, **headers: str) -> None:
        super().__init__(*errors)
        self.headers = headers


class RequestMalformed(ProtocolFault):
    """It has no or several hosts, or contradicts itself about its length."""

    status, code = 400, "request_malformed"
    message = "Malformed request: exactly one Host, and one way to say the body's length"


class BodyMalformed(ProtocolFault):
    """The body is not one JSON object, or has duplicate members, NUL or lone surrogates."""

    status, code = 400, "json_invalid"
    message = "The body must be one JSON object in UTF-8, without duplicate members or NUL"


class CrossSite(ProtocolFault):
    """A page of another origin, which is not listed, made a browser send it."""

    status, code = 403, "cross_site"
    message = "This request comes from another site, which is not allowed to send it"


class CsrfTokenInvalid(ProtocolFault):
    """The refresh cookie goes to other sites, and the token beside it is not of its session."""

    status, code = 403, "csrf_token_invalid"
    message = "Send the X-CSRF-Token that came with the refresh cookie"


class RouteNotFound(ProtocolFault):
    """No route has this path."""

    status, code = 404, "route_not_found"
    message = "There is nothing at this path"


class MethodNotAllowed(ProtocolFault):
    """The path exists, the method does not."""

    status, code = 405, "method_not_allowed"
    message = "This method is not allowed here; see the Allow header"


class BodyTooSlow(ProtocolFault):
    """The body did not arrive in time."""

    status, code = 408, "body_timeout"
    message = "The request body took too long"


class BodyTooLarge(ProtocolFault):
    """The body is over the limit."""

    status, code = 413, "body_too_large"
    message = "The request body is larger than 64 KiB"


class MediaTypeUnsupported(ProtocolFault):
    """The body is not declared as plain JSON."""

    status, code = 415, "media_type_unsupported"
    message = "Send the body as Content-Type: application/json, without Content-Encoding"


class HostNotServed(ProtocolFault):
    """It was sent to a host name that is not ours."""

    status, code = 421, "host_not_served"
    message = "This host is not served here; KEYSTEAD_ALLOWED_HOSTS lists those that are"


class HeadersTooLarge(ProtocolFault):
    """The header section is over the limit."""

    status, code = 431, "headers_too_large"
    message = "The request headers are larger than 16 KiB"


class InternalError(ProtocolFault):
    """Our bug. The reason is in the log under the request id, and nowhere else."""

    status, code = 500, "internal_error"
    message = "Internal error"


def status_of(fault: type[Fault]) -> int:
    """Return the status for a class of faults."""
    if issubclass(fault, ProtocolFault):
        return fault.status
    return next(status for kind, status in STATUS_OF_KIND.items() if issubclass(fault, kind))


def body_of(fault: Fault, request_id: str, *, has_hint: bool = False) -> dict[str, object]:
    """Return the members of the problem document."""
    body: dict[str, object] = {
        "type": f"urn:keystead:problem:{fault.code}",
        "title": HTTPStatus(status_of(type(fault))).phrase,
        "status": status_of(type(fault)),
        "message": fault.message,
        "code": fault.code,
        "request_id": request_id,
    }
    if fault.errors:
        body["errors"] = [{"field": e.field, "message": e.message} for e in fault.errors]
    if has_hint and (hint := hint_for(status_of(type(fault)), fault.code)):
        body["hint"] = hint
    return body


def problem(fault: Fault, trace: RequestLine, *, has_hint: bool = False) -> Response:
    """Return the response for *fault*, with what helps a developer if asked; the log says the same of it."""
    trace.code = fault.code
    if isinstance(fault, Throttled):
        trace.limit = fault.limit
    return Response(
        orjson.dumps(body_of(fault, trace.request_id, has_hint=has_hint)),
        status_of(type(fault)),
        media_type=MEDIA_TYPE,
        headers=_headers_of(fault),
    )


def _headers_of(fault: Fault) -> dict[str, str]:
    match fault:
        case ProtocolFault(headers=headers):
            return headers
        case Unauthenticated():
            return {"WWW-Authenticate": _challenge_of(fault)}
        case Throttled():
            return _rate_limit_headers(fault)
        case Unavailable(retry_after=wait):
            return {"Retry-After": str(max(1, round(wait.total_seconds())))}
        case _:
            return {}


def _challenge_of(fault: Unauthenticated) -> str:
    match fault:
        case TokenInvalid() | TokenExpired() | SessionEnded():
            return 'Bearer error="invalid_token"'
        case ReauthenticationRequired(max_age=age):  # RFC 9470 section 3.
            return f'Bearer error="insufficient_user_authentication", max_age="{_seconds(age)}"'
        case _:  # RFC 6750 section 3.1: no error code where no token was sent.
            return "Bearer"


def _rate_limit_headers(fault: Throttled) -> dict[str, str]:
    # draft-ietf-httpapi-ratelimit-headers-11: lists of structured fields (RFC 9651). Whole seconds,
    # rounded up: whoever comes back after that is let in.
    wait = _seconds(fault.wait)
    return {
        "Retry-After": str(wait),
        "RateLimit": f'"{fault.limit}";r=0;t={wait}',
        "RateLimit-Policy": f'"{fault.limit}";q={fault.quota};w={_seconds(fault.window)}',
    }


def _seconds(duration: timedelta) -> int:
    return max(1, math.ceil(duration.total_seconds()))
