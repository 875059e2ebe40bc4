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


class Cores:
    """
    Where things run: the server on the last core, everything else on the first.

    With one core, or where no process can be pinned, both are wherever the system puts them.
    """

    def __init__(self) -> None:
        self._can_pin = hasattr(os, "sched_setaffinity")
        cores = sorted(os.sched_getaffinity(0)) if self._can_pin else []
        self.are_apart = len(cores) > 1
        self._all = set(cores)
        self._servers = {cores[-1]} if self.are_apart else set(cores)
        self._load = {cores[0]} if self.are_apart else set(cores)
        self._pin(self._load)

    @contextmanager
    def of_the_server(self) -> Iterator[None]:
        """Have what is started meanwhile run on the server's core."""
        self._pin(self._servers)  # A child inherits it; nothing is measured while it starts.
        try:
            yield
        finally:
            self._pin(self._load)

    def spread(self) -> "Cores":
        """Return the same cores for a server that may have all of them, the load's included."""
        everywhere = copy(self)
        everywhere._servers = self._all  # noqa: SLF001 - a copy of its own.
        return everywhere

    def __str__(self) -> str:
        if not self.are_apart:
            return "one core, or none to choose: server and load share it, and ratios mean little"
        return f"server on core {min(self._servers)}, load on core {min(self._load)}"

    def _pin(self, cores: set[int]) -> None:
        if self._can_pin:
            os.sched_setaffinity(0, cores)


def describe(cores: Cores) -> dict[str, str]:
    """Return what somebody needs in order to make sense of the figures."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "pinned": str(cores),
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": sys.version.split()[0],
        "sqlite": _sqlite(),
        **{name: _version(name) for name in PACKAGES},
    }


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
