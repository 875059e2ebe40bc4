"""What an endpoint is given besides the call: worked out from its signature, once."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, get_type_hints

from fastapi.params import Query
from pydantic import BaseModel
from starlette.datastructures import QueryParams

from keystead.domain.errors import FieldError, InputInvalid
from keystead.web.body import read_body, read_json, validate
from keystead.web.call import Call

QUERIES = 64
"""Query strings that a route remembers, with what they say: most routes are asked with few."""

READING_METHODS = frozenset({"GET", "HEAD"})


def input_reader(
    endpoint: Callable[..., Any], path_parameters: Iterable[str], method: str
) -> Callable[[Call], Awaitable[dict[str, Any]]] | None:
    """Build, once, what reads an endpoint's arguments from a request; None if it takes none."""
    names = inspect.signature(endpoint).parameters
    in_path = [name for name in names if name in path_parameters]
    in_query: dict[str, type[BaseModel]] = {}
    in_body: dict[str, type[BaseModel]] = {}
    for name, hint in get_type_hints(endpoint, include_extras=True).items():
        model = getattr(hint, "__origin__", hint)
        if isinstance(model, type) and issubclass(model, BaseModel):
            (in_query if _is_query(hint) else in_body)[name] = model

    if method in READING_METHODS and not (in_path or in_query or in_body):
        return None

    read_query = _query_reader(in_query)

    async def read(call: Call) -> dict[str, Any]:
        values: dict[str, Any] = {name: call.path_params[name] for name in in_path}
        if in_query:
            values.update(read_query(call.scope["query_string"]))
        for name, model in in_body.items():
            values[name] = await read_json(call, model)
        if not in_body and method not in READING_METHODS and call.head.announces_body:
            await read_body(call)  # Nothing in it counts, but it must be small, and JSON.
        return values

    return read


def _query_reader(models: Mapping[str, type[BaseModel]]) -> Callable[[bytes], dict[str, BaseModel]]:
    @lru_cache(QUERIES)
    def read(text: bytes) -> dict[str, BaseModel]:
        given = _once_each(QueryParams(text).multi_items())
        return {name: validate(model, given) for name, model in models.items()}

    return read


def _once_each(parameters: list[tuple[str, str]]) -> dict[str, str]:
    found = dict(parameters)
    if len(found) != len(parameters):
        raise InputInvalid(FieldError("query", "Give each query parameter once"))
    return found


def _is_query(hint: Any) -> bool:  # noqa: ANN401 - any annotation.
    return any(isinstance(mark, Query) for mark in getattr(hint, "__metadata__", ()))
