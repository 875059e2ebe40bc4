"""What the command line knows, for the tests of the documents."""

import typer

from keystead.cli import keystead


def known_commands() -> dict[str, set[str]]:
    """Every command, such as `users list`, with its options."""
    root = typer.main.get_command(keystead)
    found: dict[str, set[str]] = {}
    for name, command in root.commands.items():  # type: ignore[attr-defined] # a group
        for sub, part in getattr(command, "commands", {"": command}).items():
            options = {option for parameter in part.params for option in parameter.opts}
            found[f"{name} {sub}".strip()] = options
    return found
