"""What takes part in the comparison: how it is started, filled and asked, whichever it is."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.machine import Cores
from bench.processes import BenchFailed, Process, free_port
from bench.servers import KEPT, SEED_SECONDS, Server

if TYPE_CHECKING:
    from tests.databases.postgres_server import Cluster

# It says what it is worth.
SECRET = "of a server that lives for minutes: 0123456789abcdef"

PATIENCE_SECONDS = 30

SHARED = Path(__file__).parent / "shared"
"""What those written in Python have in common; it runs in their environments."""


URL = "database-url"
"""The file in a folder that names a database of a server."""


def url_of(folder: Path) -> str | None:
    """Return the URL of the database, unless it is in *folder* itself."""
    return (folder / URL).read_text() if (folder / URL).exists() else None


@dataclass(frozen=True, slots=True)
class Filled:
    """What is in a database, as far as a load generator needs it."""

    headers: list[str]
    """The header of each of the sessions that are used, as in `Cookie: ...`."""

    emails: list[str]
    password: str
    password_hash: str
    refresh_tokens: list[str] = field(default_factory=list)
    cached_headers: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Entrant:
    """Keystead, or a peer."""

    name: str
    programs: Path
    """Where its programs are; of a peer, also what is imported."""

    serve: Callable[[int, str], tuple[str, ...]]
    """The command for a port and a mode."""

    session_path: str
    sign_in: Callable[[str, str], bytes]
    """The request for an e-mail address and a password."""

    sign_up: Callable[[str, str], bytes]
    seed: tuple[str, ...]
    """The command that fills a database: with how many sessions, and how many are used."""

    hash_alone: tuple[str, ...]
    """The command that verifies passwords and does nothing else: for how many seconds, and like which
    hash, which those disregard that cannot but use their own parameters."""

    ready: str = "/ready"
    refresh_path: str = ""
    warm_up_seconds: int = 2
    """How long it is asked before its first turn: by then it has seen each session once."""

    version: str = ""
    settings: str = ""
    """What a reader of the figures must know."""

    installed: Path | None = None
    """What is there when its environment is, or None if it needs none of its own."""

    needs: str = ""
    """A program that must be on the PATH."""

    file: str = ""
    """Its SQLite database, in its folder."""

    make_tables: tuple[str, ...] = ()
    """The command that makes its tables, if its server does not."""

    @property
    def missing(self) -> str | None:
        """Say why it cannot take part, or return None."""
        if self.needs and shutil.which(self.needs) is None:
            return f"{self.name} left out: {self.needs} is not installed"
        if self.installed and not self.installed.exists():
            return f"{self.name} left out: `make bench-peers` installs it"
        return None

    def environment(self, folder: Path) -> Mapping[str, str]:
        """Return the environment of a production server whose database *folder* holds or names."""
        url = url_of(folder)
        return {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            **({"PEER_DATABASE_URL": url} if url else {}),
            "PEER_FOLDER": str(folder),
            "PYTHONPATH": f"{self.programs}{os.pathsep}{SHARED}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "NODE_ENV": "production",
            "BETTER_AUTH_SECRET": SECRET,
        }

    @contextmanager
    def serving(self, folder: Path, cores: Cores, mode: str = "default") -> Iterator[Server]:
        """Start it on the database in *folder*, wait until it answers, and stop it."""
        port = free_port()
        env = self.environment(folder)
        with Process(self.serve(port, mode), folder, env, cores) as process:
            yield Server(process, port, process.wait_until_answering(port, self.ready))

    def fill(self, folder: Path, sessions: int, tokens: int) -> Filled:
        """Make a database with *sessions* in it, of which *tokens* are used."""
        folder.mkdir(parents=True)
        self._run((*self.seed, str(sessions), str(tokens)), folder, SEED_SECONDS)
        return Filled(**json.loads((folder / "seeded.json").read_text()))

    def fill_postgres(
        self, folder: Path, sessions: int, tokens: int, postgres: "Cluster", database: str
    ) -> Filled:
        """Do the same in an empty *database* of a server, which *folder* names from then on."""
        from bench.peers.carry import carry  # noqa: PLC0415 - see `bench`: no sqlite3 in this process.

        filled = self.fill(folder, sessions, tokens)
        (folder / URL).write_text(postgres.plain_url(database))
        if self.make_tables:
            self._run(self.make_tables, folder, SEED_SECONDS)
        else:
            with self.serving(folder, Cores()):
                pass  # It makes them when it starts.
        carry(folder / self.file, postgres.psql, postgres.plain_url(database))
        return filled

    def hashes_per_second(
        self, folder: Path, seconds: int, cores: Cores, password_hash: str
    ) -> float:
        """Verify passwords as it does, and do nothing else, on the server's core."""
        command = (*self.hash_alone, str(seconds), password_hash)
        with cores.of_the_server():
            return float(self._run(command, folder, seconds + PATIENCE_SECONDS))

    def _run(self, command: tuple[str, ...], folder: Path, timeout: int) -> str:
        try:
            done = subprocess.run(
                command, cwd=folder, env=self.environment(folder), check=False, timeout=timeout,
                capture_output=True, text=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise BenchFailed(f"{self.name}: {' '.join(command)} took over {timeout} s") from error
        if done.returncode:
            raise BenchFailed(f"{self.name}: {' '.join(command)} failed:\n{done.stderr}")
        return done.stdout
