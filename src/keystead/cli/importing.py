"""`keystead import ...`."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from keystead.assembly import system_clock
from keystead.cli.account_file import AccountFile
from keystead.cli.moving import DryRun
from keystead.cli.progress import progress
from keystead.cli.running import AsJson, run, show, stop, text
from keystead.flows.import_accounts import Import, LeftOut, import_accounts
from keystead.flows.tools import Tools
from keystead.settings import IMPORT_FROM

import_ = typer.Typer(help="Take accounts over from other systems.", no_args_is_help=True)

NOT_CARRIED = "are not carried: its tokens are other than ours, so people sign in again"


@import_.callback()
def about() -> None:
    """Take accounts over from other systems."""


@import_.command("reference")
def reference_(
    source: Annotated[
        str,
        typer.Option(
            "--from", metavar="URL", envvar=IMPORT_FROM, help="Its MongoDB.", callback=text
        ),
    ],
    *,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """
    Take over the accounts of the reference system: Node, Express and MongoDB, with this API.

    Its users sign in with the passwords they have. Who is here already is not changed, so it can be
    run again. The URL can be given in the environment, which hides the password.
    """
    from keystead.store.reference import ReferenceDatabase  # noqa: PLC0415 - the driver is large.

    async def take_over(tools: Tools) -> Import:
        async with ReferenceDatabase(source) as system:
            with progress() as tell:
                return await import_accounts(
                    tools, system, system_clock(), tell, is_rehearsal=dry_run
                )

    found = run(take_over)
    _report(found, is_done=not dry_run, as_json=as_json)
    if not (found.imported or found.left_out):
        stop("there are no users in that database: does the URL name the right one?")
    _say_without_admin(found)


@import_.command("file")
def file_(
    file: Annotated[
        Path, typer.Argument(help="JSON Lines.", exists=True, dir_okay=False, readable=True)
    ],
    *,
    leave_out: Annotated[
        bool, typer.Option("--leave-out", help="Import the others if some cannot be.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """
    Take over accounts from a file; docs/how-to/migrating.md says how others' are made into one.

    People sign in with the passwords they have. If an account cannot be taken over, none is, unless
    those may be left out. Who is here already is not changed, so it can be run again.
    """
    if not file.is_file():
        stop(f"{file} is no ordinary file, and it is read more than once")
    accounts = AccountFile(file)

    async def take_over(tools: Tools) -> tuple[Import, bool]:
        with progress() as tell:
            now = system_clock()
            found = await import_accounts(tools, accounts, now, tell, is_rehearsal=True)
            if dry_run or (found.left_out and not leave_out):
                return found, False
            return await import_accounts(tools, accounts, now, tell), True

    found, is_done = run(take_over)
    _report(found, is_done=is_done, as_json=as_json)
    if not (found.imported or found.left_out):
        stop("there are no accounts in that file")
    _say_without_admin(found)
    if found.left_out and not leave_out:
        # Lines that were good a moment ago are left out if somebody has registered meanwhile.
        done = "the others were imported" if is_done else "nothing was imported"
        stop(f"{done}: repair these lines, or add --leave-out to import without them")


def _report(found: Import, *, is_done: bool, as_json: bool) -> None:
    if as_json:
        show(_described(found))
    else:
        _say(found, "were" if is_done else "would be")


def _say_without_admin(found: Import) -> None:
    if not found.has_admin:
        typer.echo("keystead: there is no admin; see `keystead create-admin`", err=True)


def _described(found: Import) -> dict[str, object]:
    return {
        "imported": [asdict(each) for each in found.imported],
        "left_out": [asdict(each) for each in found.left_out],
        "not_carried": {name: f"{count} {NOT_CARRIED}" for name, count in found.signed_out.items()},
        "has_admin": found.has_admin,
    }


def _say(found: Import, what: str) -> None:
    new = sum(each.is_new for each in found.imported)
    here = len(found.imported) - new
    typer.echo(f"{new} accounts {what} imported; {here} are here already")
    typer.echo(f"{len(found.left_out)} {what} left out{':' if found.left_out else ''}")
    for line in _lines(found.left_out):
        typer.echo(line)
    for name, count in found.signed_out.items():
        typer.echo(f"{count} {name} {NOT_CARRIED}")


def _lines(left_out: Iterable[LeftOut]) -> Iterable[str]:
    return (f"  {ascii(each.where)[1:-1]}: {ascii(each.reason)[1:-1]}" for each in left_out)
