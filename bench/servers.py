"""How Keystead, and what it is compared with, are started: as in production, on the server's core."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.machine import Cores
from bench.processes import BenchFailed, Process, free_port

ROOT = Path(__file__).parent.parent

KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
"""What a program started here sees of our environment: no setting of the developer's."""

COOKIE = "__Host-refreshToken"
"""What the refresh cookie is called in production."""

KEYSTEAD = (sys.executable, "-m", "keystead", "serve")
BARE = (sys.executable, "-m", "bench.programs.bare", "serve")
BARE_ROTATION = (sys.executable, "-m", "bench.programs.bare_rotation", "serve")
BARE_SET_UP = (sys.executable, "-m", "bench.programs.bare", "--set-up-as-keystead", "serve")

READY = "/readyz"

SEED_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and where it listens."""

    process: Process
    port: int
    start_seconds: float
    """From the command to the first answer."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """What is in a database, as far as a load generator needs it."""

    access_tokens: list[str]
    refresh_tokens: list[str]
    emails: list[str]
    password: str
    password_hash: str


def environment(folder: Path, url: str | None = None) -> dict[str, str]:
    """Return the environment of a production server whose database is in *folder*, or at *url*."""
    return {
        **{name: os.environ[name] for name in KEPT if name in os.environ},
        "PYTHONPATH": str(ROOT),
        # Like production, but that every sign-in comes from one account and would be slowed down.
        "KEYSTEAD_ENVIRONMENT": "development",
        "KEYSTEAD_COOKIE_SECURE": "true",
        "KEYSTEAD_LOG_FORMAT": "json",
        "KEYSTEAD_THROTTLE": "off",
        "KEYSTEAD_DATABASE_URL": url or f"sqlite:///{folder}/keystead.db",
        "KEYSTEAD_SECRETS_FILE": f"{folder}/keystead.secrets.json",
        "KEYSTEAD_ACCESS_TOKEN_LIFETIME": "2h",  # Tokens are made once and must last the run.
        # A thousand sessions would all be due in the same second of one turn, and in no other.
        "KEYSTEAD_SESSION_TOUCH_INTERVAL": "1h",
        "KEYSTEAD_TRUSTED_PROXIES": "127.0.0.0/8",  # Sign-ins come from many addresses.
    }


@contextmanager
def serving(
    command: tuple[str, ...], folder: Path, cores: Cores, url: str | None = None
) -> Iterator[Server]:
    """Start a server on a database in *folder* or at *url*, wait until it answers, and stop it."""
    port, env = free_port(), environment(folder, url)
    with Process([*command, "--port", str(port)], folder, env, cores) as process:
        yield Server(process, port, process.wait_until_answering(port, READY))


def seed(folder: Path, sessions: int, tokens: int, url: str | None = None) -> Seeded:
    """
    Make a database with *sessions* in it, in *folder* or in the empty one at *url*.

    Returns: the tokens of *tokens* of them, chosen at random, and the people they belong to.
    """
    folder.mkdir(parents=True)
    out = folder / "seeded.json"
    program = "bench.programs.seed_postgres" if url else "bench.programs.seed"
    command = [sys.executable, "-m", program, str(folder), str(sessions), str(tokens)]
    try:
        subprocess.run(
            command, cwd=folder, env=environment(folder, url), check=True, timeout=SEED_SECONDS,
            capture_output=True,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        raise BenchFailed(f"the database was not filled:\n{error.stderr.decode()}") from error
    return Seeded(**json.loads(out.read_text()))
