"""What `keystead --help` says of every command, as one page."""

from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import Any

import typer

from keystead.cli import keystead
from manual.tables import code, slug, table

PROGRAM = "keystead"
KINDS = {str: "TEXT", int: "NUMBER", datetime: "MOMENT"}


def all_commands() -> str:
    """Return a table of all commands, and a section for each of them."""
    found = dict(_commands(PROGRAM, typer.main.get_command(keystead)))
    lines = (
        [f"[{code(name)}](#{slug(name)})", _first_paragraph(command)]
        for name, command in found.items()
    )
    sections = (_section(name, command) for name, command in found.items())
    return "\n\n".join([table(("command", "what it does"), lines), *sections])


def _commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - Typer's own.
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
        return
    for word, part in below.items():
        yield from _commands(f"{name} {word}", part)


def _section(name: str, command: Any) -> str:  # noqa: ANN401 - Typer's own.
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    needed = [_written(each) for each in [*arguments, *options] if each.required]
    optional = [f"[{_written(each)}]" for each in arguments if not each.required]
    more = ["[options]"] if any(not each.required for each in options) else []
    usage = " ".join([name, *needed, *optional, *more])
    parts = [f"## {code(name)}", command.help, f"```text\n{usage}\n```"]
    if command.params:
        lines = [[_names(each), _meaning(each)] for each in [*arguments, *options]]
        parts.append(table(("argument", "meaning"), lines))
    return "\n\n".join(parts)


def _first_paragraph(command: Any) -> str:  # noqa: ANN401 - Typer's own.
    text: str = command.help.partition("\n\n")[0]
    return text


def _written(parameter: Any) -> str:  # noqa: ANN401 - Typer's own.
    """Return how it is typed: `WHO`, `--limit INTEGER`, `--json`."""
    if parameter.param_type_name == "argument":
        return _value(parameter)
    name: str = parameter.opts[0]
    return name if parameter.is_flag else f"{name} {_value(parameter)}"


def _value(parameter: Any) -> str:  # noqa: ANN401 - Typer's own.
    if parameter.metavar:
        return str(parameter.metavar)
    if parameter.param_type_name == "option" and not _choices(parameter):
        return KINDS[parameter.type_descriptor.annotation]
    return str(parameter.name).upper()


def _choices(parameter: Any) -> list[str]:  # noqa: ANN401 - Typer's own.
    kind = parameter.type_descriptor.annotation
    return [str(member.value) for member in kind] if issubclass(kind, Enum) else []


def _names(parameter: Any) -> str:  # noqa: ANN401 - Typer's own.
    if parameter.param_type_name == "argument":
        return code(_value(parameter))
    short = [code(name) for name in parameter.opts[1:]]
    return ", ".join([code(_written(parameter)), *short])


def _meaning(parameter: Any) -> str:  # noqa: ANN401 - Typer's own.
    said = [parameter.help or ""]
    if choices := _choices(parameter):
        said.append(f"One of {', '.join(code(each) for each in choices)}.")
    if parameter.envvar:
        said.append(f"Also from the environment: {code(parameter.envvar)}.")
    if parameter.default not in {None, False} and not parameter.required:
        said.append(f"Unless given: {code(parameter.default)}.")
    return " ".join(each for each in said if each)
