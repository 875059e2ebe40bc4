"""
The header of SQLite's WAL-index: 96 bytes of shared memory that say which state the file is in.

While two looks at it find the same, nobody has committed in between, in whatever process. SQLite
itself relies on no more: by comparing this very header it decides whether the pages it has in its
cache are still good (https://sqlite.org/walformat.html). It holds a counter of commits, the number of
frames in the log, the checksum over all of them and the log's salts, so no state comes twice.

A commit writes the second copy, then, after a memory barrier, the first, and only then returns. So
whoever looks after having heard of a commit sees both copies new, and whoever looks meanwhile sees
two that differ, or sees what was true when they began.
"""

import ctypes
import mmap
import os
import struct
from contextlib import suppress
from pathlib import Path

HEADER = struct.Struct("=I8xB35x")
"""One copy; what is looked at in it is the version of the format and whether it is in use."""

VERSION = 3_007_000
"""The one there has been since SQLite 3.7.0."""

COPIES = 2
OPEN_FILES = "/dev/fd"


class WalIndex:
    """The header that all connections to one file share. Not to be read once the last is closed."""

    def __init__(self, address: int) -> None:
        self._address = address
        self._copies = (ctypes.c_char * (COPIES * HEADER.size)).from_address(address)

    def read(self) -> bytes:
        """Return both copies of the header as they are now."""
        return self._copies.raw

    def close(self) -> None:
        """Give the mapping back."""
        _libc().munmap(self._address, COPIES * HEADER.size)


def find_wal_index(file: Path) -> WalIndex | None:
    """
    Map the header for *file*, to which this process has a connection; None where that cannot be.

    Through SQLite's own descriptor, which also proves that it is the one SQLite uses. Opening the
    file once more would do harm: by the rules of POSIX the first `close` of any descriptor takes
    the locks of the whole process off the file, and Python's `mmap` makes and closes one.
    """
    with suppress(OSError):
        wanted = Path(f"{file.resolve()}-shm").stat()
        for number in map(int, os.listdir(OPEN_FILES)):  # noqa: PTH208 - numbers, no paths.
            with suppress(OSError):  # The one that listed them is closed by now.
                if os.path.samestat(os.fstat(number), wanted):
                    return _mapped(number)
    return None


def is_settled(header: bytes) -> bool:
    """Say whether both copies agree, and are of the kind that is understood here."""
    first, second = header[: HEADER.size], header[HEADER.size :]
    version, is_in_use = HEADER.unpack(first)
    return first == second and version == VERSION and is_in_use == 1


def _mapped(number: int) -> WalIndex | None:
    length = COPIES * HEADER.size
    address = _libc().mmap(None, length, mmap.PROT_READ, mmap.MAP_SHARED, number, 0)
    return None if address == ctypes.c_void_p(-1).value else WalIndex(address)


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_long,
    )
    libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    return libc
