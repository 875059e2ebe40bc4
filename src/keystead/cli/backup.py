"""`keystead backup` and `keystead restore`."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from keystead.assembly import secrets_path, system_clock
from keystead.cli.running import Yes, load_settings, run, stop
from keystead.flows.sessions import end_every_session
from keystead.flows.tools import Tools
from keystead.settings import Settings
from keystead.store import is_embedded, product_of, sqlite_path
from keystead.store.sqlite_backup import (
    BackupRefused,
    back_up,
    copy_back_up,
    draft_beside,
    put_in_place,
    refuse_if_open,
    take_name,
)

HOW_TO_DUMP = {
    "backup": {
        "PostgreSQL": 'pg_dump --format=custom --file=backup.dump "$DB_URL"',
        "MongoDB": 'mongodump --uri="$DB_URL" --gzip --archive=keystead.archive',
    },
    "restore": {
        "PostgreSQL": 'pg_restore --clean --if-exists --dbname="$DB_URL" backup.dump',
        "MongoDB": 'mongorestore --uri="$DB_URL" --drop --gzip --archive=keystead.archive',
    },
}

File = Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy of the database is.")]
WithSecrets = Annotated[
    Path | None,
    typer.Option("--secrets", metavar="FILE", help="Where the copy of the secrets file is."),
]


def backup(file: File, *, secrets: WithSecrets = None) -> None:
    """Copy the database to a file, also while a server runs."""
    settings = load_settings()
    database = _file_of(settings, "backup")
    if not database.exists():
        stop(f"there is no database at {database}")
    try:
        if secrets is None:
            back_up(database, file)
        else:
            _back_up_both(settings, database, file, secrets)
    except BackupRefused as refusal:
        stop(str(refusal))
    typer.echo(f"{database} is backed up to {file}.")
    if secrets is None:
        typer.echo(f"Keep a copy of {secrets_path(settings)} too: without it nobody can sign in.")


def restore(
    file: File,
    *,
    secrets: WithSecrets = None,
    keep_sessions: Annotated[
        bool,
        typer.Option("--keep-sessions", help="Also sessions that were ended since the back-up."),
    ] = False,
    yes: Yes = False,
) -> None:
    """Put a back-up in the place of the database, and sign everybody out. Stop the server first."""
    settings = load_settings()
    database = _file_of(settings, "restore")
    if not yes:
        typer.confirm(f"Replace {database} by {file}?", abort=True, err=True)
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        with draft_beside(database) as draft, _secrets_to_place(settings, secrets) as keys:
            copy_back_up(file, draft)
            if database.exists():
                refuse_if_open(database)
            ended = _make_ready(settings, draft, secrets, keep_sessions=keep_sessions)
            kept = put_in_place(draft, database)
            # Last: a database without its secrets refuses a start, secrets alone would get an empty one.
            if keys is not None:
                take_name(keys, secrets_path(settings))
    except BackupRefused as refusal:
        stop(str(refusal))
    typer.echo(f"{database} is as it was in {file}; {ended} sessions ended.")
    if kept is not None:
        typer.echo(f"What was there before is {kept}: remove it once all is well.")


def _back_up_both(settings: Settings, database: Path, file: Path, secrets: Path) -> None:
    if secrets.exists():
        raise BackupRefused(f"{secrets} is there already; a back-up overwrites nothing")
    # The draft first, so that a place which cannot be written is found before anything is.
    with draft_beside(secrets) as draft:
        back_up(database, file)
        try:
            _copy_secrets(_file_of_secrets(settings), draft)
            take_name(draft, secrets)
        except BackupRefused:
            file.unlink()
            raise


@contextmanager
def _secrets_to_place(settings: Settings, secrets: Path | None) -> Iterator[Path | None]:
    """Give a copy of *secrets* beside where they are to be; None: nothing is to be placed there."""
    if secrets is None or _are_there(secrets, target := _file_of_secrets(settings)):
        yield None
        return
    with draft_beside(target) as draft:
        _copy_secrets(secrets, draft)
        yield draft


def _are_there(secrets: Path, target: Path) -> bool:
    try:
        if target.exists():
            if target.read_bytes() == secrets.read_bytes():
                return True
            raise BackupRefused(f"{target} is there already, with other keys; move it away first")
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BackupRefused(f"cannot copy {secrets} to {target}: {error.strerror}") from error
    return False


def _make_ready(
    settings: Settings, draft: Path, secrets: Path | None, *, keep_sessions: bool
) -> int:
    # Everything that can be wrong with it shows here, before anything is replaced: another version,
    # other secrets, an unfinished copy.
    on_draft = settings.model_copy(
        update={
            "database_url": SecretStr(f"sqlite:///{draft.absolute()}"),
            "secrets_file": None if settings.secrets else secrets or secrets_path(settings),
        }
    )

    async def end(tools: Tools) -> int:
        return 0 if keep_sessions else await end_every_session(tools, system_clock())

    return run(end, on_draft)


def _file_of(settings: Settings, command: str) -> Path:
    url = settings.database_url.get_secret_value()
    if not is_embedded(url):
        then = "" if command == "backup" else ", then: keystead sessions epoch"
        stop(
            f"the database is on a server, which has a program for that: "
            f"{HOW_TO_DUMP[command][product_of(url)]}{then}\nKeep {secrets_path(settings)} with it"
        )
    return sqlite_path(url)


def _file_of_secrets(settings: Settings) -> Path:
    if settings.secrets is not None:
        raise BackupRefused(
            "the secrets are in KEYSTEAD_SECRETS and in no file: leave out --secrets"
        )
    return secrets_path(settings)


def _copy_secrets(source: Path, draft: Path) -> None:
    try:
        shutil.copyfile(source, draft)
    except OSError as error:
        raise BackupRefused(f"cannot copy {source}: {error.strerror}") from error
