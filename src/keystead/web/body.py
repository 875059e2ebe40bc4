"""Read a request's body: bounded in size and time, and as strict as JSON can be."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.types import Message, Receive

from keystead.domain.errors import FieldError, InputInvalid
from keystead.domain.json_object import read_object
from keystead.web.errors import BodyMalformed, BodyTooLarge, BodyTooSlow, MediaTypeUnsupported

MAX_BYTES = 64 * 1024
"""Ours have a few hundred; a 4 KiB password of escaped characters takes 24 KiB."""

MAX_DIGITS = 20
"""Of a declared length: 2^64 has as many, and no body comes near."""

DEADLINE_SECONDS = 30
"""For the whole body: the server itself never closes a client that sends a byte now and then."""

DRAIN_SECONDS = 0.5
"""For a body that nobody wants, once its request is decided: it follows at once, or is no hurry of ours."""

Model = TypeVar("Model", bound=BaseModel)


class Incoming:
    """The messages of one request (ASGI's `receive`), and whether all of its body has been taken."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_over = False

    async def __call__(self) -> Message:
        """Return the next message."""
        message = await self._receive()
        self._is_over = not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """
        Take what has not been taken, up to a limit.

        With a body still on its way the server closes the connection when it has answered, and what
        then arrives resets it, under an answer that is not read yet (RFC 9112 section 9.6).
        """
        taken = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while not self._is_over and taken <= MAX_BYTES:
                    taken += len((await self()).get("body", b""))


async def read_body(request: Request) -> bytes:
    """
    Return the body, empty if there is none.

    Raises: MediaTypeUnsupported: it is not plain JSON. BodyTooLarge. BodyTooSlow.
    """
    headers = request.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return b""
    if not _is_json(headers):
        raise MediaTypeUnsupported
    if not _fits(headers.get("content-length", "0")):
        raise BodyTooLarge(Connection="close")
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await _collect(request)
    except TimeoutError:
        raise BodyTooSlow(Connection="close") from None


async def read_json(request: Request, model: type[Model]) -> Model:
    """
    Return the body as *model*; members that *model* does not name are ignored.

    Raises: InputInvalid, BodyMalformed, and what `read_body` raises.
    """
    body = await read_body(request)
    if not _is_json(request.headers):
        raise MediaTypeUnsupported
    return validate(model, parse(body))


def validate(model: type[Model], value: Mapping[str, Any]) -> Model:
    """
    Check *value* against *model*.

    Raises: InputInvalid: naming each member that is wrong.
    """
    try:
        return model.model_validate(value)
    except ValidationError as refusal:
        raise InputInvalid(*(_field_error(error) for error in refusal.errors())) from None


def parse(body: bytes) -> dict[str, Any]:
    """
    Parse one JSON object; see `read_object` for what is none.

    Raises: BodyMalformed.
    """
    try:
        return read_object(body)
    except ValueError:
        raise BodyMalformed from None


def _is_json(headers: Mapping[str, str]) -> bool:
    media_type, _, parameters = headers.get("content-type", "").lower().partition(";")
    charset = parameters.replace('"', "").replace(" ", "")
    return (
        media_type.strip() == "application/json"
        and charset in {"", "charset=utf-8"}
        and headers.get("content-encoding", "identity").lower() == "identity"
    )


def _fits(declared: str) -> bool:
    # Of thousands of digits Python makes no number but a ValueError.
    return declared.isdecimal() and len(declared) < MAX_DIGITS and int(declared) <= MAX_BYTES


async def _collect(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise BodyTooLarge(Connection="close")
    return bytes(body)


def _field_error(error: Any) -> FieldError:  # noqa: ANN401 - pydantic's ErrorDetails.
    field = ".".join(str(part) for part in error["loc"])
    return FieldError(field, error["msg"].removeprefix("Value error, "))
