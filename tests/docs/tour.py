"""
Runs the commands of a document against a server of its own, and compares what they print.

A block that begins with ```` ```sh tour ```` is run; the block after it is what it prints. Layout
does not count, and `…` stands for anything.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from keystead.store import is_embedded
from tests.databases import Database, environment_of
from tests.docs.markdown import blocks

KEYSTEAD = Path(sys.prefix) / "bin" / "keystead"
DOCUMENTED_PORT = "3020"
END = "-- end of step --"
START_SECONDS = 60
RUN_SECONDS = 100
"""A quarter of a minute in peace; a machine that does much else at a time needs more."""


@dataclass(frozen=True)
class Step:
    commands: str
    expected: str


def steps(text: str) -> list[Step]:
    found = blocks(text)
    # The set-up prints nothing, so there may be no block of output after it.
    return [
        Step(block.text, after.text if after.info == "text" else "")
        for block, after in zip(found, [*found[1:], found[-1]], strict=True)
        if block.info == "sh tour"
    ]


def run(tour: list[Step], port: int, database: Database) -> list[str]:
    """Run all commands against the server at *port*. Returns: what each step printed."""
    printed = paste(
        tour,
        database.folder,
        _environment_on(database),
        lambda script: script.replace(DOCUMENTED_PORT, str(port)),
    )
    return [text.replace(str(port), DOCUMENTED_PORT) for text in printed]


def paste(
    tour: list[Step],
    folder: Path,
    env: dict[str, str],
    adapted: Callable[[str], str],
    seconds: int = RUN_SECONDS,
) -> list[str]:
    """
    Run all commands in one shell in *folder*, as one who pastes them does.

    Servers that they started are ended, by the numbers that they wrote into `*.pid`.

    Args:
        adapted: puts in the ports and names of this machine for those of the document.

    Returns: what each step printed.

    """
    (folder / ".venv").symlink_to(sys.prefix)
    script = "".join(f"{step.commands}echo '{END}'\n" for step in tour)
    bash = shutil.which("bash")
    assert bash is not None
    try:
        ran = subprocess.run(
            [bash],
            input=adapted(script),
            cwd=folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
    finally:
        _end_what_runs(folder)
    printed = ran.stdout.split(f"{END}\n")
    assert len(printed) == len(tour) + 1, ran.stdout
    return printed[:-1]


def check(tour: list[Step], printed: list[str]) -> None:
    """See that each step printed what the document says."""
    for step, text in zip(tour, printed, strict=True):
        promised = is_what_was_promised(text, step.expected)
        assert promised, f"{step.commands}\nprinted:\n{text}"


def is_what_was_promised(printed: str, expected: str) -> bool:
    pieces = [re.escape(_without_layout(piece)) for piece in expected.split("…")]
    return re.fullmatch(".*?".join(pieces), _without_layout(printed)) is not None


@contextmanager
def serving(
    database: Database, command: list[str] | None = None, ready: str = "/readyz"
) -> Iterator[int]:
    """Start the server in the database's folder as `make serve` does, on a free port, or another *command*."""
    port = _free_port()
    command = command or [str(KEYSTEAD), "serve", "--port", DOCUMENTED_PORT]
    command = [str(port) if part == DOCUMENTED_PORT else part for part in command]
    folder, env = database.folder, _environment_on(database)
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command, cwd=folder, env=env, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _wait_until_ready(server, f"http://127.0.0.1:{port}{ready}", folder)
        yield port
    finally:
        server.terminate()
        server.wait(RUN_SECONDS)


def environment() -> dict[str, str]:
    """The environment of somebody who has just cloned this."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}


def _environment_on(database: Database) -> dict[str, str]:
    """Somebody who has just cloned this says nothing of a database, unless it is on a server."""
    return environment() | ({} if is_embedded(database.url) else environment_of(database))


def _end_what_runs(folder: Path) -> None:
    for file in folder.glob("*.pid"):
        with suppress(ValueError, ProcessLookupError):
            os.kill(int(file.read_text()), signal.SIGTERM)


def _wait_until_ready(server: subprocess.Popen[bytes], url: str, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(url).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.05)  # A process is starting: there is nothing else to wait for.
    raise AssertionError(
        f"no server within {START_SECONDS} s: {(folder / 'server.log').read_text()}"
    )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _without_layout(text: str) -> str:
    return re.sub(r"\s+", "", text)
