"""What the OpenAPI document says of a route beyond its signature: refusals, access, examples."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from keystead.domain.errors import (
    Fault,
    InputInvalid,
    RefreshMissing,
    SessionEnded,
    StoreDown,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
)
from keystead.web.cookies import NAME
from keystead.web.errors import (
    MEDIA_TYPE,
    BodyMalformed,
    BodyTooLarge,
    BodyTooSlow,
    CrossSite,
    HeadersTooLarge,
    HostNotServed,
    InternalError,
    MediaTypeUnsupported,
    RequestMalformed,
    body_of,
    status_of,
)
from keystead.web.hosts import FOR_ANY_HOST

EXAMPLE_REQUEST_ID = "0199c0de-7a11-7b0b-9c5e-000000000001"

BEARER, COOKIE = "bearer", "refreshCookie"

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "message", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "message": {"type": "string", "description": "For a person; may change."},
        "code": {"type": "string", "description": "For a program; stable. See docs/errors.md."},
        "request_id": {"type": "string", "description": "What to look for in the log."},
        "hint": {"type": "string", "description": "In development: what usually helps."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}

RATE_LIMIT_HEADERS = {
    "Retry-After": "Whole seconds until the next attempt is let in.",
    "RateLimit": "The limit that was reached, and the seconds until it lets in more (`t`).",
    "RateLimit-Policy": "That limit: so many attempts (`q`) in so many seconds (`w`).",
}
"""What a 429 carries, and what it means."""

_NEEDS_SESSION = (TokenMissing, TokenInvalid, TokenExpired, SessionEnded)
_HAS_INPUT = (InputInvalid, BodyMalformed)
_MAY_CHANGE_SOMETHING = (CrossSite, BodyTooSlow, BodyTooLarge, MediaTypeUnsupported)
_ALWAYS = (RequestMalformed, HeadersTooLarge, StoreDown, InternalError)


def describe(
    endpoint: Callable[..., Any], refuses: Iterable[type[Fault]], *, needs_session: bool
) -> dict[str, Any]:
    """Return the keyword arguments that document *endpoint* as a FastAPI route."""
    refuses = tuple(refuses)
    summary, _, description = inspect.cleandoc(endpoint.__doc__ or "").partition("\n")
    faults = (
        *(_NEEDS_SESSION if needs_session else ()),
        *refuses,
        *(_HAS_INPUT if "body" in inspect.signature(endpoint).parameters else ()),
        *_ALWAYS,
    )
    scheme = BEARER if needs_session else COOKIE if RefreshMissing in refuses else None
    return {
        "summary": summary.rstrip("."),
        "description": description.strip(),
        "responses": _responses(faults),
        "openapi_extra": {"security": [{scheme: []}] if scheme else []},
    }


def only_headers(headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the response that says all in *headers*, each with its meaning."""
    return {"description": "Said in the headers; there is no content", "headers": _headers(headers)}


def document(app: FastAPI, cookie: str = NAME) -> dict[str, Any]:
    """Return the whole OpenAPI document; *cookie* is the name of the refresh cookie."""
    text = FastAPI.openapi(app)
    components = text.setdefault("components", {})
    components["securitySchemes"] = _security_schemes(cookie)
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    # FastAPI describes the validation error it would have sent; ours is a Problem with status 400.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path, operations in text["paths"].items():
        for method, operation in operations.items():
            operation["responses"].pop("422", None)
            if path not in FOR_ANY_HOST:
                _add(operation, (HostNotServed,))
            if method != "get":  # Even where nothing in it counts, a body must be small, and JSON.
                _add(operation, _MAY_CHANGE_SOMETHING)
    return text


def _add(operation: dict[str, Any], faults: Iterable[type[Fault]]) -> None:
    responses = operation["responses"]
    for status, response in _responses(faults).items():
        known = responses.get(str(status))
        examples = (_examples(known) if known else {}) | _examples(response)
        responses[str(status)] = _response_of(int(status), examples)
    operation["responses"] = dict(sorted(responses.items()))


def _examples(response: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = response["content"][MEDIA_TYPE]["examples"]
    return found


def _security_schemes(cookie: str) -> dict[str, Any]:
    return {
        BEARER: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "at+jwt",
            "description": "An access token from `POST /auth/login` or `POST /auth/refresh`.",
        },
        COOKIE: {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie,
            "description": "The refresh token; browsers keep it and send it by themselves.",
        },
    }


def _responses(faults: Iterable[type[Fault]]) -> dict[int | str, dict[str, Any]]:
    by_status: dict[int, list[type[Fault]]] = {}
    for fault in dict.fromkeys(faults):
        by_status.setdefault(status_of(fault), []).append(fault)
    return {status: _response(status, by_status[status]) for status in sorted(by_status)}


def _response(status: int, faults: list[type[Fault]]) -> dict[str, Any]:
    examples = {
        fault.code: {"summary": fault.message, "value": body_of(_sample(fault), EXAMPLE_REQUEST_ID)}
        for fault in faults
    }
    return _response_of(status, examples)


def _response_of(status: int, examples: dict[str, Any]) -> dict[str, Any]:
    headers = RATE_LIMIT_HEADERS if status == HTTPStatus.TOO_MANY_REQUESTS else {}
    return {
        "headers": _headers(headers),
        "description": ", ".join(f"`{code}`" for code in examples),
        "content": {
            MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
        },
    }


def _headers(meanings: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: {"description": text, "required": True, "schema": {"type": "string"}}
        for name, text in meanings.items()
    }


def _sample(fault: type[Fault]) -> Fault:
    sample = fault.__new__(fault)
    sample.errors = ()
    return sample
