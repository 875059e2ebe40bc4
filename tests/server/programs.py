"""The program as a process: loaded anew, or forked from one that has it loaded (`preloaded`)."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Protocol

from tests.server import preloaded

READ_BEFORE = ("LD_", "PYTHON")
"""Variables that a process reads before the program begins: with another value it is loaded anew."""

ANEW = {"PYTHONFAULTHANDLER": "1"}
"""One of those, for a test of how a process begins or ends."""


class Process(Protocol):
    """What tests do with a process; `subprocess.Popen` is one."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...


class Forked:
    """A process that `preloaded` has forked."""

    def __init__(self, answers: socket.socket) -> None:
        self._answers = answers
        self._lines = answers.makefile("rb")
        self._exit_code: int | None = None
        self.pid = int(self._lines.readline())

    def poll(self) -> int | None:
        """Return its exit code once it has ended; -15 if signal 15 ended it."""
        if self._exit_code is None and select.select([self._answers], [], [], 0)[0]:
            self._exit_code = int(self._lines.readline())
            self._lines.close()
            self._answers.close()
        return self._exit_code

    def wait(self, timeout: float | None = None) -> int:
        """Raises: TimeoutExpired: it goes on."""
        if self._exit_code is None:
            select.select([self._answers], [], [], timeout)
        exit_code = self.poll()
        if exit_code is None:
            raise subprocess.TimeoutExpired("keystead", timeout or 0)
        return exit_code

    def terminate(self) -> None:
        """Ask it to stop."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)


def begin(
    arguments: Sequence[str],
    folder: Path,
    env: dict[str, str],
    output: IO[bytes],
    errors: IO[bytes],
) -> Process:
    """Run `keystead` with *arguments*, no input, and a process group of its own."""
    if any(env[name] != os.environ.get(name) for name in env if name.startswith(READ_BEFORE)):
        return subprocess.Popen(
            [sys.executable, "-m", "keystead", *arguments],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
    ours, theirs = socket.socketpair()
    with theirs, tempfile.TemporaryFile("w+") as request, Path(os.devnull).open("rb") as nothing:
        wanted = {"arguments": [*arguments], "folder": str(folder), "environment": env}
        json.dump(wanted, request)
        request.seek(0)
        files = [file.fileno() for file in (request, nothing, output, errors)]
        socket.send_fds(_preloaded()[1], [b"."], [*files, theirs.fileno()])
    return Forked(ours)


@cache
def _preloaded() -> tuple[subprocess.Popen[bytes], socket.socket]:
    # It ends when this process does, however that is: then nobody holds the other end.
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, str(preloaded.__file__), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
    return process, ours
