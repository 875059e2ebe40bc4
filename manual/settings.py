"""The tables of settings: names, default, allowed, meaning, as `settings.py` declares them."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from keystead.setting_values import human
from keystead.settings import PREFIX, Settings, names_of
from manual.tables import code, table

HEAD = ("names", "default", "allowed", "meaning")


def table_of_settings(names: list[str]) -> str:
    """
    Return the table of some settings.

    Args:
        names: such as KEYSTEAD_PORT, in the order in which they are to stand.

    """
    return table(HEAD, (_line(name.removeprefix(PREFIX).lower()) for name in names))


def default(info: FieldInfo) -> str:
    """Return what holds if nothing is set."""
    value = info.get_default(call_default_factory=True)
    match value:
        case None | ():
            return "-"
        case SecretStr():
            text = value.get_secret_value()
        case bool():
            text = str(value).lower()
        case timedelta():
            text = human(value)
        case _:
            text = str(value)
    return code(text)


def allowed(info: FieldInfo) -> str:
    """Return which values are accepted."""
    kind = _kind(info.annotation)
    if get_origin(kind) is Literal:
        return ", ".join(code(word) for word in get_args(kind))
    if kind is bool:
        return "`true`, `false`"
    low, high = (_bound(info, name) for name in ("ge", "le"))
    if low is not None:
        return f"{low} to {high}"
    low, high = (_bound(info, name) for name in ("min_length", "max_length"))
    if low is not None:
        return f"{low} to {high} characters"
    if kind is Path:
        return "a path"
    return "text" if kind in {str, SecretStr} else str(info.metadata[0].func.__name__)


def _line(field: str) -> list[str]:
    info = Settings.model_fields[field]
    names = ", ".join(code(name) for name in names_of(field))
    return [names, default(info), allowed(info), info.description or ""]


def _kind(annotation: Any) -> Any:  # noqa: ANN401 - an annotation can be anything.
    """Return what is left of an annotation without None."""
    if get_origin(annotation) is Literal or not get_args(annotation):
        return annotation
    kinds = [part for part in get_args(annotation) if part is not type(None)]
    return kinds[0] if len(kinds) == 1 else annotation


def _bound(info: FieldInfo, name: str) -> str | None:
    for mark in info.metadata:
        value = getattr(mark, name, None)
        if value is not None:
            return _text(value)
    return None


def _text(value: object) -> str:
    if isinstance(value, timedelta):
        return human(value) if value else "0"
    return str(value)
