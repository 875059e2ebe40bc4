"""PgBouncer before a server, in transaction mode: Debian's program, run beside the tests."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.databases import NoServer
from tests.databases.postgres_server import as_somebody_else, free_port, own_folder

PLACES = ("/usr/sbin/pgbouncer", "/usr/local/sbin/pgbouncer")
START_SECONDS = 10

NO_PGBOUNCER = "no pgbouncer on this machine: install it (Debian: apt-get install pgbouncer)"


def find_pgbouncer() -> str:
    """Raises: NoServer."""
    found = shutil.which("pgbouncer") or next(filter(os.path.exists, PLACES), None)
    if found is None:
        raise NoServer(NO_PGBOUNCER)
    return found


@contextmanager
def pgbouncer(url: str, sessions: int) -> Iterator[int]:
    """Share that many sessions of the server at *url* among all who connect. Yields: the port."""
    program, port, server = find_pgbouncer(), free_port(), urlsplit(url)
    with own_folder() as folder:
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            "[databases]\n"
            f"* = host=127.0.0.1 port={server.port} user={server.username}\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            "auth_type = any\npool_mode = transaction\nmax_client_conn = 500\n"
            f"default_pool_size = {sessions}\nlogfile = {folder}/log\n"
        )
        settings.chmod(0o644)
        process = subprocess.Popen(
            [program, "-q", settings], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=folder, **as_somebody_else(),
        )  # fmt: skip
        try:
            _wait(port)
            yield port
        finally:
            process.terminate()
            process.wait(START_SECONDS)


def _wait(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.01)
    raise NoServer("pgbouncer did not become ready")
