"""A program that was started here: what it uses, and that it ends."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bench.machine import Cores

LOOPBACK = "127.0.0.1"
PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

START_SECONDS = 60
"""Longer than any start takes that is worth measuring."""

STOP_SECONDS = 5
"""For a server without requests under way this is plenty."""

POLL_SECONDS = 0.002

KIB_PER_MIB = 1024


class BenchFailed(Exception):  # noqa: N818 - named for the fact.
    """There is nothing to measure; the text says why."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Of a process and its descendants, in MiB; *pss* counts shared pages once among sharers."""

    pss: float
    rss: float


@dataclass(frozen=True, slots=True)
class _Stat:
    pid: int
    parent: int
    ticks: int
    started: int


class Process:
    """A program with its descendants, running on the server's core until the `with` ends."""

    def __init__(
        self, command: Sequence[str], folder: Path, env: Mapping[str, str], cores: Cores
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._errors = folder / "stderr.log"
        self.started = time.perf_counter()
        # A session of its own: Ctrl-C is for the benchmark, which then ends what it started.
        with (
            (folder / "stdout.log").open("wb") as out,
            self._errors.open("wb") as errors,
            cores.of_the_server(),
        ):
            self._popen = subprocess.Popen(
                command, cwd=folder, env=dict(env), stdin=subprocess.DEVNULL, stdout=out,
                stderr=errors, start_new_session=True,
            )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def wait_until_answering(self, port: int, path: str) -> float:
        """Ask for *path* until it is there. Returns: seconds since the program was started."""
        while (seconds := time.perf_counter() - self.started) < START_SECONDS:
            if self._popen.poll() is not None:
                raise BenchFailed(f"the server ended:\n{self._errors.read_text()[-2000:]}")
            if answers(port, path):
                return time.perf_counter() - self.started
            time.sleep(POLL_SECONDS)
        raise BenchFailed(f"no answer to {path} within {seconds:.0f} s")

    def stop(self) -> None:
        """End the program, gently at first, and then whatever is left of its descendants."""
        tree = self._tree()
        try:
            if self._popen.poll() is None:
                self._popen.terminate()
                with suppress(subprocess.TimeoutExpired):
                    self._popen.wait(STOP_SECONDS)
        finally:
            for process in tree:
                # The number may belong to somebody else by now; the start time tells.
                found = _stat(process.pid)
                if found is not None and found.started == process.started:
                    with suppress(ProcessLookupError):
                        os.kill(process.pid, signal.SIGKILL)
            self._popen.kill()
            self._popen.wait()

    def cpu_seconds(self) -> float | None:
        """Return the time its processes have had on the processor, or None where none can tell."""
        tree = self._tree()
        return sum(stat.ticks for stat in tree) / TICKS_PER_SECOND if tree else None

    def memory(self) -> Memory | None:
        """Return what its processes hold in memory, or None where none can tell."""
        totals = {"Pss": 0, "Rss": 0}
        for process in self._tree():
            for line in (PROC / str(process.pid) / "smaps_rollup").read_text().splitlines():
                name, _, value = line.partition(":")
                if name in totals:
                    totals[name] += int(value.split()[0])
        if not totals["Rss"]:
            return None
        return Memory(pss=totals["Pss"] / KIB_PER_MIB, rss=totals["Rss"] / KIB_PER_MIB)

    def _tree(self) -> list[_Stat]:
        if not PROC.is_dir():
            return []
        every = [_stat(int(entry.name)) for entry in PROC.iterdir() if entry.name.isdigit()]
        known = [stat for stat in every if stat is not None]
        tree = [stat for stat in known if stat.pid == self._popen.pid]
        for parent in tree:  # Grows while it is walked.
            tree.extend(stat for stat in known if stat.parent == parent.pid)
        return tree


def _stat(pid: int) -> _Stat | None:
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # proc(5): the name, in parentheses, may hold anything; the third field comes after it.
    fields = text.rpartition(")")[2].split()
    return _Stat(pid, int(fields[1]), int(fields[11]) + int(fields[12]), int(fields[19]))


def answers(port: int, path: str) -> bool:
    """Say whether a GET is answered with 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            connection.sendall(request.encode())
            return connection.recv(64).split()[1:2] == [b"200"]
    except OSError:
        return False


def free_port() -> int:
    """Return a port of the loopback address that nothing listens on."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        port: int = listener.getsockname()[1]
        return port
