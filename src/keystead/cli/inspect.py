"""`keystead routes`, `keystead settings` and `keystead version`."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import SecretStr

from keystead import __version__
from keystead.cli.running import AsJson, load_settings, show, show_table
from keystead.domain.permissions import TABLE
from keystead.setting_values import human
from keystead.settings import Settings, names_of, source_of
from keystead.store import MASK, without_secrets

if TYPE_CHECKING:
    from keystead.web.access import Access


def routes(*, as_json: AsJson = False) -> None:
    """Print every route and who may use it."""
    from keystead.app import all_routes  # noqa: PLC0415 - the web framework takes 0.5 s to load.

    lines = [
        {
            "method": ",".join(sorted(route.methods or ())),
            "path": route.path,
            "access": granted(route.access),
            "endpoint": f"{route.endpoint.__module__}.{route.endpoint.__name__}",
        }
        for route in all_routes(Settings.model_construct(api_docs=True))
    ]
    lines.sort(key=lambda line: (line["path"], line["method"]))
    if as_json:
        show(lines)
    else:
        show_table("routes", lines)


def granted(access: "Access") -> str:
    """Write out what a route declares and, of a permission, how far it goes for which role."""
    if access.permission is None:
        return str(access)
    reaches = {role: row.get(access.permission) for role, row in TABLE.items()}
    given = [f"{role}: {reach.value}" for role, reach in reaches.items() if reach is not None]
    return f"{access}  {', '.join(given) or 'nobody'}"


def settings(*, as_json: AsJson = False) -> None:
    """Print every setting with its value and where it comes from; secrets are masked."""
    found = load_settings()
    lines = [
        {
            "setting": names_of(name)[0],
            "value": _text(name, getattr(found, name)),
            "source": source_of(name),
        }
        for name in Settings.model_fields
    ]
    if as_json:
        show(lines)
    else:
        show_table("settings", lines)


def version(*, as_json: AsJson = False) -> None:
    """Print the version."""
    if as_json:
        show({"version": __version__})
    else:
        typer.echo(f"keystead {__version__}")


def _print_version(is_asked: bool) -> None:  # noqa: FBT001 - Typer's own way to call it.
    if is_asked:
        version()
        raise typer.Exit


AskVersion = Annotated[
    bool,
    typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version."),
]


def options(*, asks_version: AskVersion = False) -> None:
    """Have what every command line has; the option has done its work by now."""


def _text(name: str, value: object) -> str | None:
    if value is None or value == ():
        return None
    match value:
        case SecretStr():
            return _masked(name, value.get_secret_value())
        case bool():
            return str(value).lower()
        case timedelta():
            return human(value)
        case tuple():
            return ",".join(str(item) for item in value)
        case _:
            return str(value)


def _masked(name: str, text: str) -> str:
    return without_secrets(text) if name == "database_url" else MASK
