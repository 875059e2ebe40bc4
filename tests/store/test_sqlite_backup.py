"""A restore that fails in the middle leaves the old database where it was."""

import asyncio
import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from keystead.store.sqlite import SqliteStore
from keystead.store.sqlite_backup import BackupRefused, draft_beside, put_in_place

OLD, NEW = "0123456789abcdef", "fedcba9876543210"

BREAKING = ("fsync", "replace")


def made(file: Path, fingerprint: str) -> None:
    async def make() -> None:
        store = SqliteStore(file)
        await store.open()
        await store.bind_secrets(fingerprint)
        await store.close()

    asyncio.run(make())


def fingerprint_of(file: Path) -> str | None:
    async def find() -> str | None:
        store = SqliteStore(file)
        await store.open()
        try:
            return await store.find_fingerprint()
        finally:
            await store.close()

    return asyncio.run(find())


def failing(code: int) -> Callable[..., NoReturn]:
    def fail(*_: object, **__: object) -> NoReturn:
        raise OSError(code, os.strerror(code))

    return fail


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if not each.name.endswith("-ballast"))


@pytest.mark.parametrize("name", BREAKING)
def test_a_disk_that_fails_leaves_the_old_database_and_says_so(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    made(file, OLD)

    with draft_beside(file) as draft:
        made(draft, NEW)
        with monkeypatch.context() as broken:
            broken.setattr(os, name, failing(errno.EIO))
            with pytest.raises(BackupRefused, match="is as it was"):
                put_in_place(draft, file)

    assert names_in(tmp_path) == [file.name]
    assert fingerprint_of(file) == OLD


def test_a_flush_that_fails_last_says_that_the_back_up_is_in_place(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(file, OLD)
    flush, flushed = os.fsync, []

    def third_fails(descriptor: int) -> None:
        flushed.append(descriptor)
        if len(flushed) == 3:  # The draft, the second name of the old one, then this.
            failing(errno.EIO)()
        flush(descriptor)

    with draft_beside(file) as draft:
        made(draft, NEW)
        with monkeypatch.context() as broken:
            broken.setattr(os, "fsync", third_fails)
            with pytest.raises(BackupRefused, match="the back-up now"):
                put_in_place(draft, file)

    assert fingerprint_of(file) == NEW
    assert fingerprint_of(file.with_name(f"{file.name}.before-restore")) == OLD


@pytest.mark.parametrize("has_links", [True, False])
def test_the_old_database_is_kept_also_where_there_are_no_hard_links(
    file: Path, monkeypatch: pytest.MonkeyPatch, *, has_links: bool
) -> None:
    made(file, OLD)
    file.chmod(0o600)
    if not has_links:
        monkeypatch.setattr(os, "link", failing(errno.EPERM))

    with draft_beside(file) as draft:
        made(draft, NEW)
        kept = put_in_place(draft, file)

    assert kept == file.with_name(f"{file.name}.before-restore")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert kept.stat().st_nlink == file.stat().st_nlink == 1
    assert fingerprint_of(kept) == OLD
    assert fingerprint_of(file) == NEW


def test_what_a_damaged_database_left_does_not_get_into_the_next_one(file: Path) -> None:
    file.write_bytes(b"no database" * 2000)
    for end in ("-wal", "-shm", "-journal"):
        file.with_name(f"{file.name}{end}").write_bytes(b"what was written last")

    with draft_beside(file) as draft:
        made(draft, NEW)
        kept = put_in_place(draft, file)

    assert kept is not None
    assert names_in(file.parent) == [file.name, kept.name]
    assert fingerprint_of(file) == NEW
