"""How a command runs: settings, tools, and what is said when it cannot."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Annotated, NoReturn, TypeVar

import orjson
import typer
from rich.console import Console
from rich.table import Table

from keystead import logs
from keystead.assembly import open_tools
from keystead.crypto.secrets_file import SecretsFileUnusable
from keystead.domain.errors import Fault, StoreDown, UserNotFound
from keystead.domain.keys import KeyRefused
from keystead.domain.transfer import CopyUnfinished
from keystead.domain.user import User, UserId
from keystead.flows.tools import Tools
from keystead.settings import Settings, SettingsRefused
from keystead.store import SchemaUnknown, UnknownDatabase

REFUSED = 1
WRONG_USAGE = 2

PIPE_WIDTH = 400
"""Columns for output that no terminal shows: enough for the longest line."""

T = TypeVar("T")


def text(value: str | None) -> str | None:
    """
    Return an argument as it is.

    Raises: BadParameter: Python read bytes that are no text, as lone surrogates.
    """
    try:
        (value or "").encode()
    except UnicodeError:
        raise typer.BadParameter("is not text in the encoding of this terminal") from None
    return value


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")]
Who = Annotated[str, typer.Argument(help="An e-mail address or a user id.", callback=text)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def load_settings(**given: object) -> Settings:
    """Read the settings, or say what is wrong with them and exit with 2."""
    try:
        return Settings.load(**given)
    except SettingsRefused as refusal:
        stop(str(refusal), WRONG_USAGE)


def run(
    command: Callable[[Tools], Awaitable[T]],
    settings: Settings | None = None,
    if_down: Callable[[StoreDown], T] | None = None,
) -> T:
    """
    Run *command* with everything connected, or say why it was refused and exit with 1.

    Args: if_down: what to return instead when the database does not answer.
    """
    settings = settings or load_settings()

    async def connected() -> T:
        async with open_tools(settings) as tools:
            return await command(tools)

    return guarded(connected, if_down)


def guarded(work: Callable[[], Awaitable[T]], if_down: Callable[[StoreDown], T] | None = None) -> T:
    """Do *work* to its end, or say why it was refused and exit with 1."""
    logs.configure("console", sys.stderr)

    async def working() -> T:
        return await work()

    try:
        return asyncio.run(working())
    except UnknownDatabase as refusal:
        stop(str(refusal), WRONG_USAGE)
    except (SecretsFileUnusable, SchemaUnknown, CopyUnfinished, KeyRefused) as refusal:
        stop(str(refusal))
    except StoreDown as fault:
        if if_down is not None:
            return if_down(fault)
        stop(f"{fault.message} ({fault.__cause__ or 'no reason given'})")
    except Fault as fault:
        stop("; ".join([fault.message, *(error.message for error in fault.errors)]))


def stop(reason: str, code: int = REFUSED) -> NoReturn:
    """Say on standard error why nothing was done, and exit."""
    for line in reason.splitlines():
        typer.secho(f"keystead: {line}", err=True, fg="red")
    raise typer.Exit(code)


async def find(tools: Tools, who: str) -> User:
    """
    Return the user with this address or id.

    Raises: UserNotFound, InputInvalid.
    """
    if "@" in who:
        found = await tools.store.find_credentials(tools.canonical_email(who))
        user = found.user if found else None
    else:
        user = await tools.store.find_user(UserId(who))
    if user is None:
        raise UserNotFound
    return user


def show(value: object) -> None:
    """Print JSON."""
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode())


def show_table(title: str, lines: Iterable[Mapping[str, object]]) -> None:
    """Print *lines* as a table, one column for each name."""
    found = list(lines)
    if not found:
        typer.echo(f"No {title}.")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in found[0]:
        table.add_column(name, overflow="fold")
    for line in found:
        table.add_row(*("-" if value is None else str(value) for value in line.values()))
    # Values come from users: nothing in them is markup. A pipe has no width to fit into.
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    Console(markup=False, highlight=False, width=width).print(table)
