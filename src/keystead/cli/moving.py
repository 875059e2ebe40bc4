"""`keystead copy`: everything from one database to another."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated, NoReturn

import typer

from keystead.assembly import system_clock
from keystead.cli.progress import progress
from keystead.cli.running import WRONG_USAGE, AsJson, guarded, show, stop, text
from keystead.domain.transfer import Part, Transfer
from keystead.flows.compare import EXAMPLES, Comparison
from keystead.flows.copy import Copied, Refusal, Rehearsed, copy, refuse, rehearse
from keystead.settings import COPY_FROM, COPY_TO
from keystead.store import UnknownDatabase, is_embedded, open_store, sqlite_path

LEASES = "they say which process looks after the old database, and run out"
OVER = "they have expired, and nobody can use them any more"

REASONS = {
    Refusal.SOURCE_UNUSED: "the database to copy from was never used: there is nothing to copy",
    Refusal.SOURCE_UNFINISHED: "the database to copy from is itself a copy that is not whole: "
    "finish it first, by running the command that began it",
    Refusal.TARGET_IN_USE: "the database to copy to holds accounts already, or a server was started "
    "with it, and no copy of this one; nothing was changed. Name an empty database that no server was "
    "started with",
    Refusal.TARGET_OF_OTHER_SECRETS: "the database to copy to belongs to another secrets file; "
    "nothing was changed. Name an empty database that no server was started with",
    Refusal.TARGET_OF_ANOTHER_COPY: "a copy from another database into this one has begun; nothing "
    "was changed. Finish that one, or name an empty database",
    Refusal.TARGET_CHANGED: "the copy was finished and has been used since: copying again would "
    "undo what was done in it. Nothing was changed. Name an empty database",
}

Source = Annotated[
    str,
    typer.Option(
        "--from", metavar="URL", envvar=COPY_FROM, help="The database to read.", callback=text
    ),
]
Target = Annotated[
    str,
    typer.Option(
        "--to", metavar="URL", envvar=COPY_TO, help="The empty database to fill.", callback=text
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")]


def copy_(
    source: Source, target: Target, *, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """
    Copy accounts and sessions to another database. Stop the server first.

    With the same secrets file everybody stays signed in there. A copy that was interrupted goes on
    when the command is run again. The URLs can be given in the environment, which hides passwords.
    """
    if _place(source) == _place(target):
        stop("--from and --to are the same database", WRONG_USAGE)
    stores = _store("--from", source), _store("--to", target)
    match guarded(lambda: _rehearse(*stores) if dry_run else _copy(*stores)):
        case Refusal() as refusal:
            stop(REASONS[refusal])
        case Rehearsed() as rehearsed:
            _report(rehearsed, as_json=as_json)
        case Copied() as copied:
            _report(copied, as_json=as_json)
            if not copied.is_whole:
                _explain(copied)


async def _copy(source: Transfer, target: Transfer) -> Copied | Refusal:
    async with _reading(source):
        try:
            # Before anything is made: a target that is refused stays as it is.
            is_there = await target.open_to_read()
            refusal = await refuse(source, target if is_there else None, system_clock())
            if refusal is not None:
                return refusal
            await target.close()
            await target.migrate()
            await target.open()
            with progress() as tell:
                return await copy(source, target, system_clock(), tell)
        finally:
            await target.close()


async def _rehearse(source: Transfer, target: Transfer) -> Rehearsed | Refusal:
    async with _reading(source):
        try:
            is_there = await target.open_to_read()
            with progress() as tell:
                return await rehearse(source, target if is_there else None, system_clock(), tell)
        finally:
            await target.close()


@asynccontextmanager
async def _reading(source: Transfer) -> AsyncIterator[None]:
    try:
        if not await source.open_to_read():
            stop("there is no database of Keystead to copy from")
        yield
    finally:
        await source.close()


def _store(option: str, url: str) -> Transfer:
    try:
        return open_store(url)
    except UnknownDatabase as refusal:
        stop(f"{option}: {refusal}", WRONG_USAGE)


def _place(url: str) -> object:
    return sqlite_path(url).resolve() if is_embedded(url) else url


def _report(found: Rehearsed | Copied, *, as_json: bool) -> None:
    changes = {Part.USERS: found.users, Part.SESSIONS: found.sessions, Part.AUDIT: found.audit}
    copied = found if isinstance(found, Copied) else None
    not_carried = {"leases": LEASES, **({f"{found.over} sessions": OVER} if found.over else {})}
    if as_json:
        lines = {part.value: asdict(each) for part, each in changes.items()}
        show({**lines, "not_carried": not_carried, **(_compared(copied) if copied else {})})
        return
    what = "were" if copied else "would be"
    for part, each in changes.items():
        typer.echo(
            f"{part} {what} added: {each.added}, changed: {each.changed}, removed: {each.removed}; "
            f"the same already: {each.same}"
        )
    for name, why in not_carried.items():
        typer.echo(f"{name} are not carried: {why}")
    if copied and copied.is_whole:
        typer.echo("Both databases hold the same. The new one needs the same secrets file.")


def _compared(copied: Copied) -> dict[str, object]:
    return {
        "compared": {part.value: _sides(found) for part, found in copied.compared.items()},
        "is_whole": copied.is_whole,
    }


def _sides(found: Comparison) -> dict[str, object]:
    return {
        "source": {"count": found.source.count, "sha256": found.source.checksum},
        "target": {"count": found.target.count, "sha256": found.target.checksum},
        "missing": found.missing,
        "changed": found.changed,
        "surplus": found.surplus,
    }


def _explain(copied: Copied) -> NoReturn:
    lines = []
    for part, found in copied.compared.items():
        lines.append(
            f"{part} of the first and the second: {found.source.count}, {found.target.count}"
        )
        for kind in ("missing", "changed", "surplus"):
            if ids := getattr(found, kind):
                more = ", ..." if len(ids) == EXAMPLES else ""
                lines.append(f"  {kind} in the second: {', '.join(ids)}{more}")
    lines.append(
        "the databases differ, most likely because a server changed the first meanwhile: stop it, "
        "and run this again to carry what changed. Until then the copy is not served"
    )
    stop("\n".join(lines))
