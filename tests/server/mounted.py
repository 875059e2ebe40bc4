"""examples/mounted, started by a server of the kind that an application has: Keystead inside another program."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.databases import Database, environment_of
from tests.docs.markdown import ROOT
from tests.people import FIREFOX
from tests.server.running import NO_CERTIFICATES, Server, environment, eventually, free_port

GRANIAN = Path(sys.prefix) / "bin" / "granian"
PATH = "/accounts"
START_SECONDS = 30


@contextmanager
def mounted(database: Database, *arguments: str, **env: str) -> Iterator[Server]:
    """Start the example on *database*, wait until Keystead answers in it, and stop it afterwards."""
    port, log = free_port(), database.folder / "mounted.log"
    target = ["--interface", "asgi", "--working-dir", str(ROOT / "examples" / "mounted"), "app:app"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(GRANIAN), *target, "--port", str(port), *arguments],
            cwd=database.folder,
            env=environment({**environment_of(database), **env}),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    server = Server(process, port, log)
    try:
        eventually(lambda: is_ready(port), START_SECONDS)
        yield server
    finally:
        server.process.terminate()
        server.process.wait(START_SECONDS)


def client_below(port: int, **headers: str) -> httpx.AsyncClient:
    """A browser of its own, to which Keystead is what is below its path."""
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}{PATH}",
        headers={"User-Agent": FIREFOX, **headers},
        trust_env=False,
        verify=NO_CERTIFICATES,
        timeout=20,
    )


def is_ready(port: int) -> bool:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}{PATH}/readyz", trust_env=False)
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK
