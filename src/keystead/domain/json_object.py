"""JSON that has one meaning for every reader."""

import json
from typing import Any, NoReturn


def read_object(text: bytes) -> dict[str, Any]:
    """
    Parse one JSON object in UTF-8, refusing what parsers usually let through.

    Duplicate members (every parser keeps the last one: two readers may see two objects), NaN and
    Infinity (not JSON), NUL (databases refuse it), lone surrogates (not text), endless nesting.

    Raises: ValueError.
    """
    try:
        value = json.loads(text.decode(), object_pairs_hook=_object, parse_constant=_refuse)
        _check_text(value)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if isinstance(value, dict):
        return value
    raise ValueError("no object")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate members")
    return members


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _check_text(value: object) -> None:
    if isinstance(value, str):
        value.encode()  # Lone surrogates raise a ValueError.
        if "\0" in value:
            raise ValueError("NUL")
    elif isinstance(value, dict):
        for name, member in value.items():
            _check_text(name)
            _check_text(member)
    elif isinstance(value, list):
        for member in value:
            _check_text(member)
