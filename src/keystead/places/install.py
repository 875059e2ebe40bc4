"""
From a downloaded archive to a database in place: unpack, try out, rename.

Nothing is extracted by name, so no name in an archive can lead anywhere.
"""

import fcntl
import gzip
import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO

import maxminddb

from keystead.places.lookup import open_reader, read_description, read_place

CHUNK_BYTES = 65_536

TEXTS_MAX_BYTES = 2**20
"""Room for what lies beside the database: MaxMind adds three texts of a few KiB each."""

READABLE_BY_ALL = 0o644
"""The mode of the new file: whoever updates need not be who serves, and the data is no secret."""

SAMPLE_ADDRESSES = ("2.125.160.216", "81.2.69.142", "89.160.20.112", "216.160.83.56")
"""The four that MaxMind's samples and test databases have in common with the real ones."""

TRIAL_ADDRESSES = (
    *SAMPLE_ADDRESSES,
    *(f"{byte}.1.1.1" for byte in range(1, 224) if byte not in {10, 127}),
)
"""These, and one in each public IPv4 /8, to walk all over the tree."""


class GeoUpdateFailed(Exception):  # noqa: N818 - named for the fact.
    """No update; the database in place was not touched. The text says what to do, and no secret."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@contextmanager
def only_one(target: Path) -> Iterator[bool]:
    """
    Hold the lock beside *target*; yields False while another process or thread has it.

    The lock file stays: removing it would let two processes lock two files of one name.
    """
    with target.with_name(f"{target.name}.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def install(
    archive: IO[bytes], target: Path, max_bytes: int, modified_at: datetime | None
) -> datetime:
    """
    Replace *target* by the database in *archive*, in one step that survives a power cut.

    Args:    max_bytes: the largest database accepted.
             modified_at: the modification time to give it; None for that of writing.
    Returns: when the database was built.
    Raises:  GeoUpdateFailed: it is not a city database. OSError: the disk is full, ...
    """
    # One fixed name: only the holder of the lock gets here, and a crash leaves at most one behind.
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    try:
        with part.open("xb") as file:
            _unpack(archive, file, max_bytes)
            built_at = _try_out(part)
            os.fchmod(file.fileno(), READABLE_BY_ALL)
            if modified_at:
                os.utime(file.fileno(), (modified_at.timestamp(), modified_at.timestamp()))
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    _sync_directory(target.parent)
    return built_at


def is_city_database(path: Path) -> bool:
    """Say whether there is a database at *path* that would be accepted as new."""
    try:
        _try_out(path)
    except (GeoUpdateFailed, OSError):
        return False
    return True


class _Budget(io.RawIOBase):
    """A stream that fails once more was read from it than was granted: the end of every bomb."""

    def __init__(self, source: gzip.GzipFile) -> None:
        self._source = source
        self.left = TEXTS_MAX_BYTES

    def read(self, size: int = -1, /) -> bytes:
        data = self._source.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise GeoUpdateFailed("The archive holds more than a database; refused")
        return data


def _unpack(archive: IO[bytes], file: IO[bytes], max_bytes: int) -> None:
    archive.seek(0)
    found = False
    try:
        with gzip.GzipFile(fileobj=archive, mode="rb") as unzipped:
            budget = _Budget(unzipped)
            with tarfile.open(fileobj=budget, mode="r|") as members:
                for member in filter(_is_database, members):
                    if found or member.size > max_bytes:
                        raise GeoUpdateFailed(
                            "The archive holds two databases or a huge one; refused"
                        )
                    found = True
                    budget.left += member.size
                    _copy(members.extractfile(member), file)
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError) as error:
        raise GeoUpdateFailed(f"The archive is damaged ({error}); try again later") from error
    if not found:
        raise GeoUpdateFailed("The archive holds no city database; check the name of the edition")
    file.flush()


def _is_database(member: tarfile.TarInfo) -> bool:
    path = PurePosixPath(member.name)
    is_plain = member.type in {tarfile.REGTYPE, tarfile.AREGTYPE}
    is_inside = not path.is_absolute() and ".." not in path.parts
    return is_plain and is_inside and path.suffix == ".mmdb" and "City" in path.name


def _copy(source: IO[bytes] | None, file: IO[bytes]) -> None:
    while source and (chunk := source.read(CHUNK_BYTES)):
        file.write(chunk)


def _try_out(path: Path) -> datetime:
    """Look places up in the file at *path*. Returns: when it was built."""
    try:
        with open_reader(path) as reader:
            about = read_description(reader)
            places = [read_place(reader.get(address)) for address in TRIAL_ADDRESSES]
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise GeoUpdateFailed(f"The database is damaged ({error}); try again later") from error
    if about is None or "City" not in about.kind or not any(places):
        raise GeoUpdateFailed("The database has no cities in it; check the name of the edition")
    return about.built_at


def _sync_directory(path: Path) -> None:
    """Make a rename in *path* last (fsync(2): syncing the file does not sync its directory entry)."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
