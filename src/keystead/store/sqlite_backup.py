"""
A copy of the SQLite file while it is served, and a copy in the place of the file once it is not.

What is written is a draft first, which takes its name only when it is whole and on the disk.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from urllib.parse import quote

from keystead.store.sqlite_connection import schema_version

WAIT_SECONDS = 5.0


class BackupRefused(Exception):  # noqa: N818 - named for the fact, like every fault.
    """Nothing was written; the text says why."""


def back_up(database: Path, target: Path) -> None:
    """
    Write a copy of *database* to *target*, which disturbs nobody and is of one moment.

    Source: https://sqlite.org/backup.html; readable by its owner only.
    Raises: BackupRefused.
    """
    if target.exists():
        raise BackupRefused(f"{target} is there already; a back-up overwrites nothing")
    with draft_beside(target) as draft:
        _copy(database, draft)
        take_name(draft, target)


@contextmanager
def draft_beside(target: Path) -> Iterator[Path]:
    """Give the path of an empty file beside *target*, which is removed if it is still there at the end."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise BackupRefused(f"cannot write beside {target}: {error.strerror}") from error
    os.close(descriptor)
    draft = Path(name)
    try:
        yield draft
    finally:
        for each in (draft, *_companions(draft), Path(f"{draft}-ballast")):
            each.unlink(missing_ok=True)


def copy_back_up(backup: Path, draft: Path) -> None:
    """Copy a back-up to *draft*. Raises: BackupRefused: it is none, or damaged."""
    if not backup.is_file():
        raise BackupRefused(f"{backup} is not there")
    _copy(backup, draft)


def put_in_place(draft: Path, database: Path) -> Path | None:
    """
    Let *draft* be the database. Returns: where the old one is kept, if there was one.

    At each moment one of the two has the name: a start that finds none would make an empty one.

    Raises: BackupRefused: somebody has the old one open, or the disk fails.
    """
    kept = None
    with _what_fails(
        f"cannot put a back-up in the place of {database}", f"{database} is as it was"
    ):
        _flush(draft)
        if database.exists():
            refuse_if_open(database)
            kept = _free_name(database.with_name(f"{database.name}.before-restore"))
        with _kept(database, kept):
            draft.replace(database)
    with _what_fails(f"cannot flush {database.parent}", f"{database} is the back-up now"):
        _flush(database.parent)
    return kept


def take_name(draft: Path, target: Path) -> None:
    """Let *draft* be *target*, which is not there yet. Raises: BackupRefused."""
    with _what_fails(f"cannot write {target}", f"{target} is not there"):
        _flush(draft)
        if target.exists():
            raise BackupRefused(f"{target} is there already; it is not overwritten")
        draft.replace(target)
        try:
            _flush(target.parent)
        except OSError:
            target.unlink()
            raise


@contextmanager
def _kept(database: Path, kept: Path | None) -> Iterator[None]:
    """Give the old database a second name, which goes again if it does not lose the first one."""
    if kept is None:
        yield
        return
    try:
        _link(database, kept)
        _flush(kept.parent)
        # Left by a file that SQLite cannot read; beside another database they would change that one.
        for each in _companions(database):
            each.unlink(missing_ok=True)
        yield
    except OSError:
        kept.unlink(missing_ok=True)
        raise


def _link(old: Path, new: Path) -> None:
    try:
        os.link(old, new)
    except OSError:
        # This file system has no hard links; if it was something else, copying says so.
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
            with old.open("rb") as file:
                shutil.copyfileobj(file, copy)
            copy.flush()
            os.fsync(copy.fileno())


@contextmanager
def _what_fails(what: str, state: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupRefused(
            f"{what}: {error.strerror}. {state}; see to the disk, then run the same command again"
        ) from error


def _free_name(path: Path) -> Path:
    """Return *path*, or with a number behind it if there is such a file: what was kept stays."""
    names = (path if number == 1 else Path(f"{path}-{number}") for number in count(1))
    return next(name for name in names if not name.exists())


def _copy(source: Path, target: Path) -> None:
    try:
        with closing(_open(source)) as old, closing(sqlite3.connect(target)) as new:
            if schema_version(old) is None:
                raise BackupRefused(f"{source} is no database of Keystead")
            old.backup(new)
            # One file that can be copied as it is; a server makes it a WAL database again.
            new.execute("PRAGMA journal_mode = DELETE")
            damage = new.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise BackupRefused(f"cannot copy {source}: {error}") from error
    if damage != "ok":
        raise BackupRefused(f"{source} is damaged: {damage}")


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=rw", uri=True, timeout=WAIT_SECONDS
    )


def refuse_if_open(database: Path) -> None:
    """Refuse a *database* that a server or a command works with. Raises: BackupRefused."""
    # Who has a WAL database open holds a lock that leaving this mode has to wait for.
    with closing(_open(database)) as db, suppress(sqlite3.DatabaseError):
        db.execute("PRAGMA busy_timeout = 0")
        try:
            db.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError:
            raise BackupRefused(
                f"{database} is in use: stop every server and command that works with it first"
            ) from None


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _companions(database: Path) -> list[Path]:
    return [database.with_name(f"{database.name}{end}") for end in ("-wal", "-shm", "-journal")]
