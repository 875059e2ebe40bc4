"""Which core serves and which one asks, and what is said of the machine beside its figures."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")

PACKAGES = ("keystead", "granian", "uvloop", "fastapi", "argon2-cffi", "cryptography")


CORES_FOR_TWO = 4
"""One for each server process, one for the database, one for the load."""


class Cores:
    """
    Where things run: the server on the last core, everything else on the first.

    With four or more, everything else has all but the last two, and a second server process can have
    a core too. With one core, or where no process can be pinned, all are wherever the system puts them.
    """

    def __init__(self) -> None:
        self._can_pin = hasattr(os, "sched_setaffinity")
        cores = sorted(os.sched_getaffinity(0)) if self._can_pin else []
        self.are_apart = len(cores) > 1
        self.are_enough_for_two = len(cores) >= CORES_FOR_TWO
        self._two = set(cores[-2:] if self.are_enough_for_two else cores[-1:])
        self._servers = {cores[-1]} if self.are_apart else set(cores)
        self._load = set(cores[:-2]) if self.are_enough_for_two else set(cores[:1])
        self._pin(self._load)

    @contextmanager
    def of_the_server(self) -> Iterator[None]:
        """Have what is started meanwhile run on the server's core."""
        with self._pinned(self._servers):
            yield

    @contextmanager
    def of_both(self) -> Iterator[None]:
        """Have what is started meanwhile run on any core: what takes long, and is not measured."""
        with self._pinned(self._servers | self._load):
            yield

    def of_two_servers(self) -> "Cores":
        """Return the same for two server processes: a core for each of them, or the one for both."""
        theirs = copy(self)
        theirs._servers = self._two  # noqa: SLF001 - a copy of its own.
        return theirs

    def __str__(self) -> str:
        if not self.are_apart:
            return "one core, or none to choose: server and load share it, and ratios mean little"
        return f"server on core {_list(self._servers)}, load on core {_list(self._load)}"

    @contextmanager
    def _pinned(self, cores: set[int]) -> Iterator[None]:
        self._pin(cores)  # Children and threads inherit it; nothing is measured while they start.
        try:
            yield
        finally:
            self._pin(self._load)

    def _pin(self, cores: set[int]) -> None:
        if self._can_pin:
            os.sched_setaffinity(0, cores)


def _list(cores: set[int]) -> str:
    return ", ".join(map(str, sorted(cores)))


def describe(cores: Cores) -> dict[str, str]:
    """Return what somebody needs in order to make sense of the figures."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "pinned": str(cores),
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": sys.version.split()[0],
        "sqlite": _sqlite(),
        "commit": _commit(),
        **{name: _version(name) for name in PACKAGES},
    }


def _commit() -> str:
    """Say which version of the source this is."""
    try:
        asked = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
        done = subprocess.run(asked, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "not known"
    return done.stdout.strip()


def _processor() -> str:
    if not CPU_INFO.exists():
        return platform.processor() or platform.machine()
    found = dict(
        [part.strip() for part in line.split(":", 1)]
        for line in CPU_INFO.read_text().splitlines()
        if ":" in line
    )
    name = found.get("model name", platform.machine())
    family = found.get("cpu family")
    return f"{name} (family {family}, model {found.get('model')})" if family else name


def _sqlite() -> str:
    # Asked of a child: a library loaded here too would be missing from the server's memory.
    code = "import sqlite3; print(sqlite3.sqlite_version)"
    return subprocess.check_output([sys.executable, "-c", code], text=True).strip()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
