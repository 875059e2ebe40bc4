"""Reading an OpenAPI document: what it says of a route, and whether an answer is what it says."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from keystead.app import build
from keystead.settings import Settings
from keystead.web.openapi import document as describe

PYTHON: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}


@cache
def default_document() -> dict[str, Any]:
    """Return the document of a service with default settings; making one takes a while."""
    return describe(build(Settings.model_construct()).app)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield `METHOD /path` and the operation, for each."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def codes(operation: dict[str, Any]) -> set[tuple[int, str]]:
    """Return every status and code that *operation* has an example of."""
    return {
        (int(status), code)
        for status, response in operation["responses"].items()
        for code in response.get("content", {})
        .get("application/problem+json", {})
        .get("examples", {})
    }


def resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Follow *schema*'s reference, if it is one."""
    found: Any = schema
    while "$ref" in found:
        where = found["$ref"]
        assert where.startswith("#/")
        found = document
        for name in where[2:].split("/"):
            found = found[name]
    assert isinstance(found, dict)
    return found


def references(value: object) -> Iterator[str]:
    """Yield every reference in *value*."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for member in value:
            yield from references(member)


def misfits(
    document: dict[str, Any], schema: dict[str, Any], value: Any, where: str = "answer"
) -> list[str]:
    """Say where *value* is not what *schema* says; members it does not name are misfits too."""
    schema = resolve(document, schema)
    if "anyOf" in schema:
        each = [misfits(document, choice, value, where) for choice in schema["anyOf"]]
        return min(each, key=len)
    if "const" in schema or "enum" in schema:
        allowed = schema.get("enum", [schema.get("const")])
        return [] if value in allowed else [f"{where}: {value!r} is not in {allowed}"]
    kind = schema["type"]
    is_of_kind = isinstance(value, PYTHON[kind])
    if not is_of_kind or (isinstance(value, bool) and kind != "boolean"):
        return [f"{where}: {value!r} is no {kind}"]
    if kind == "array":
        found = [
            misfits(document, schema["items"], item, f"{where}[{number}]")
            for number, item in enumerate(value)
        ]
        return [misfit for each in found for misfit in each]
    return _members(document, schema, value, where) if kind == "object" else []


def _members(
    document: dict[str, Any], schema: dict[str, Any], value: dict[str, Any], where: str
) -> list[str]:
    properties = schema["properties"]
    missing = set(schema.get("required", ())) - set(value)
    found = [f"{where}: {sorted(missing)} missing"] if missing else []
    for name, member in value.items():
        if name not in properties:
            found.append(f"{where}: {name} is not documented")
        else:
            found += misfits(document, properties[name], member, f"{where}.{name}")
    return found
