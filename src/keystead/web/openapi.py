"""What the OpenAPI document says of a route beyond its signature: refusals, access, examples."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from fastapi import FastAPI

from keystead.domain.errors import (
    Fault,
    InputInvalid,
    SessionEnded,
    StoreDown,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
)
from keystead.web.errors import (
    MEDIA_TYPE,
    BodyMalformed,
    BodyTooLarge,
    InternalError,
    MediaTypeUnsupported,
    body_of,
    status_of,
)

EXAMPLE_REQUEST_ID = "0199c0de-7a11-7b0b-9c5e-000000000001"

BEARER = "bearer"

SECURITY_SCHEMES = {
    BEARER: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "at+jwt",
        "description": "An access token from `POST /auth/login` or `POST /auth/refresh`.",
    }
}

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

_NEEDS_SESSION = (TokenMissing, TokenInvalid, TokenExpired, SessionEnded)
_HAS_BODY = (InputInvalid, BodyMalformed, BodyTooLarge, MediaTypeUnsupported)
_ALWAYS = (StoreDown, InternalError)


def describe(
    endpoint: Callable[..., Any], refuses: Iterable[type[Fault]], *, needs_session: bool
) -> dict[str, Any]:
    """Return the keyword arguments that document *endpoint* as a FastAPI route."""
    summary, _, description = inspect.cleandoc(endpoint.__doc__ or "").partition("\n")
    takes_body = "body" in inspect.signature(endpoint).parameters
    faults = (
        *(_NEEDS_SESSION if needs_session else ()),
        *refuses,
        *(_HAS_BODY if takes_body else ()),
        *_ALWAYS,
    )
    return {
        "summary": summary.rstrip("."),
        "description": description.strip(),
        "responses": _responses(faults),
        "openapi_extra": {"security": [{BEARER: []}]} if needs_session else {"security": []},
    }


def document(app: FastAPI) -> dict[str, Any]:
    """Return the whole OpenAPI document."""
    text = FastAPI.openapi(app)
    components = text.setdefault("components", {})
    components["securitySchemes"] = SECURITY_SCHEMES
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    # FastAPI describes the validation error it would have sent; ours is a Problem with status 400.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operations in text["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    return text


def _responses(faults: Iterable[type[Fault]]) -> dict[int | str, dict[str, Any]]:
    by_status: dict[int, list[type[Fault]]] = {}
    for fault in dict.fromkeys(faults):
        by_status.setdefault(status_of(fault), []).append(fault)
    return {status: _response(by_status[status]) for status in sorted(by_status)}


def _response(faults: list[type[Fault]]) -> dict[str, Any]:
    examples = {
        fault.code: {"summary": fault.message, "value": body_of(_sample(fault), EXAMPLE_REQUEST_ID)}
        for fault in faults
    }
    return {
        "description": ", ".join(f"`{fault.code}`" for fault in faults),
        "content": {
            MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
        },
    }


def _sample(fault: type[Fault]) -> Fault:
    sample = fault.__new__(fault)
    sample.errors = ()
    return sample
