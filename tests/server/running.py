"""The real program, as a process of its own on a free port of the loopback interface."""

import os
import random
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import httpx
import pytest

from keystead.settings import PREFIX, Settings, names_of
from tests.databases import Database, environment_of
from tests.people import FIREFOX, Person
from tests.server.programs import Process, begin

STARTUP_SECONDS = 30
STOP_SECONDS = 30

CHEAPEST_ARGON2 = {
    "KEYSTEAD_ARGON2_MEMORY_KIB": "8",
    "KEYSTEAD_ARGON2_ITERATIONS": "1",
    "KEYSTEAD_ARGON2_PARALLELISM": "1",
}

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Reading those that nobody needs here takes longer than most tests."""

READING = frozenset(name for field in Settings.model_fields for name in names_of(field))


@dataclass(frozen=True)
class Server:
    """One started program."""

    process: Process
    port: int
    log: Path

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text() if self.log.is_file() else ""

    @property
    def workers(self) -> set[int]:
        """The processes that the supervisor runs right now."""
        return children_of(self.process.pid)

    @property
    def peak_mib(self) -> float:
        """The most memory that the server processes have had, together."""
        kib = 0
        for worker in self.workers:
            status = Path(f"/proc/{worker}/status").read_text()
            kib += int(status.partition("VmHWM:")[2].split()[0])
        return kib / 1024

    def client(self, **headers: str) -> httpx.AsyncClient:
        """A browser of its own."""
        return client_of(self.port, **headers)

    async def person(self, name: str, client: httpx.AsyncClient) -> Person:
        """Register and sign in *name*@example.com."""
        person = Person(client, f"{name}@example.com")
        assert (await person.register()).status_code == 201
        assert (await person.login()).status_code == 200
        return person

    def is_alive(self) -> bool:
        """Whether it answers a new connection."""
        return answers(self.port)

    def stop(self) -> int:
        """Ask it to stop. Returns: its exit code."""
        self.process.terminate()
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End it and its workers without a word."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)


@contextmanager
def running(database: Database, *arguments: str, **env: str) -> Iterator[Server]:
    """Start the program on *database*, wait until it answers, and stop it afterwards."""
    with running_in(database.folder, *arguments, **{**environment_of(database), **env}) as server:
        yield server


@contextmanager
def running_in(folder: Path, *arguments: str, **env: str) -> Iterator[Server]:
    """Start the program in *folder*, told of no database but what *env* says of one."""
    server = start(folder, free_port(), *arguments, **env)
    try:
        _wait_for(server)
        yield server
    finally:
        server.process.terminate()  # Before it is killed: what was covered is written at the end.
        with suppress(subprocess.TimeoutExpired):
            server.process.wait(5)
        server.kill()


def start(folder: Path, port: int, *arguments: str, **env: str) -> Server:
    """Start the program in *folder*, and do not wait for it."""
    log = folder / "server.log"
    words = ["serve", "--port", str(port), *arguments]
    with log.open("ab") as output:
        process = begin(words, folder, environment(env), output, output)
    return Server(process, port, log)


def keystead(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run one command in *folder* to its end."""
    with TemporaryFile() as output, TemporaryFile() as errors:
        process = begin(arguments, folder, environment(env), output, errors)
        try:
            exit_code = process.wait(STARTUP_SECONDS)
        finally:
            process.terminate()
        return subprocess.CompletedProcess(arguments, exit_code, _text(output), _text(errors))


def environment(given: dict[str, str]) -> dict[str, str]:
    """This process's environment with no setting but the *given* ones."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() not in READING and not name.upper().startswith((PREFIX, "OTEL_"))
    }
    return {**kept, **CHEAPEST_ARGON2, **given}


def free_port() -> int:
    """
    A port nobody has.

    Below those that the kernel gives to outgoing connections: between this look and the start,
    a client of another test could get one of those.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 30_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def client_of(port: int, **headers: str) -> httpx.AsyncClient:
    """A browser of its own, for the server on *port*."""
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}",
        headers={"User-Agent": FIREFOX, **headers},
        trust_env=False,
        verify=NO_CERTIFICATES,
        timeout=20,
    )


def answers(port: int) -> bool:
    """Whether something speaks HTTP there, and says that it is alive."""
    request = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        return connection.recv(64).startswith(b"HTTP/1.1 200 ")
    return False


def is_listening(port: int) -> bool:
    """Whether anything takes a new connection there."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def children_of(pid: int) -> set[int]:
    """The server processes that *pid* started."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("finding a server's processes needs /proc")
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # It ended meanwhile.
            # The name, in brackets, may hold anything; behind it are the state and the parent.
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            command = stat.with_name("cmdline").read_bytes()
            # Where processes are spawned, not forked, another one keeps track of their locks.
            if int(parent) == pid and state != "Z" and b"resource_tracker" not in command:
                found.add(int(stat.parent.name))
    return found


def eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until *condition* holds; fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.01)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _wait_for(server: Server) -> None:
    deadline = time.monotonic() + STARTUP_SECONDS
    while not server.is_alive():
        if server.process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the server did not start, and printed:\n{server.output}")
        time.sleep(0.01)
