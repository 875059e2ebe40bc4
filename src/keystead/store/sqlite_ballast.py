"""
Room for what has to be written on a full disk too: even the end of a session needs some.

A file beside the database, with nothing in it. When the disk is full it is given up, and until it can
be made again only what takes power away is written: all else would use up the room. Whether the file
is there is all there is to know, so any number of processes agree about it.
"""

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

BALLAST_BYTES = 2**22
"""
As long as the log of writes becomes before SQLite begins it anew: 1000 pages of 4 KiB, its default of
`wal_autocheckpoint`. With room for that, there is room for any number of small writes.
"""

SPARE_BYTES = 2**20
"""What has to be free besides, so that the next write does not fill the disk again."""

OWNER_ONLY = 0o600
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}

Tell = Callable[[str, str], None]


def nobody(_event: str, _reason: str) -> None:
    """Hear of what happens, and do nothing."""


class Ballast:
    """The ballast of one database; *tell* hears of a full disk, and of its end."""

    def __init__(self, database: Path, tell: Tell) -> None:
        self._path = database.with_name(f"{database.name}-ballast")
        self._tell = tell
        self._is_full = False

    def is_held(self) -> bool:
        """Say whether there is room for everything, having made the file if it could be made."""
        if not self._path.exists() and not self._make():
            self._notice("less free space than is kept for ending sessions")
            return False
        if self._is_full:
            self._is_full = False
            self._tell("disk_has_room", "everything is written again")
        return True

    def give_up_if_full(self) -> bool:
        """Give it up if nothing else is left: to open a database takes room, too."""
        if self._has_room(SPARE_BYTES):
            return False
        self.give_up()
        return True

    def give_up(self) -> None:
        """Make the room of the file usable."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        self._notice("a write did not fit")

    def _notice(self, reason: str) -> None:
        if not self._is_full:
            self._is_full = True
            self._tell("disk_full", f"{reason}; only what ends sessions and rights is written")

    def _make(self) -> bool:
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            if not self._has_room(BALLAST_BYTES + SPARE_BYTES):
                return False
            _allocate(draft)
            draft.replace(self._path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            return error.errno not in NO_ROOM  # No ballast here, and no reason to refuse anything.
        return True

    def _has_room(self, size: int) -> bool:
        return shutil.disk_usage(self._path.parent).free >= size


def _allocate(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, OWNER_ONLY)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, BALLAST_BYTES)
        else:  # macOS.
            os.write(descriptor, bytes(BALLAST_BYTES))
    finally:
        os.close(descriptor)
