"""`keystead serve` and `keystead migrate`."""

import gc
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from keystead import __version__, logs
from keystead.assembly import secrets_path, seed, system_clock
from keystead.cli.running import guarded, load_settings, run, stop
from keystead.domain.errors import StoreDown
from keystead.flows.tools import Tools
from keystead.settings import Settings, unknown_names
from keystead.store import is_embedded, open_store, without_secrets

if TYPE_CHECKING:
    from keystead.web.shell import Shell

HEADER_SECONDS = 10
"""A client that has not finished its headers by then is cut off (slowloris)."""

HTTP_BUFFER_BYTES = 32 * 1024
"""The server reads no longer header section than this; the application itself refuses over 16 KiB."""

DRAIN_SECONDS = 20
"""How long requests under way may take to finish once the server is told to stop."""

BACKLOG = 2048
"""Connections that wait to be accepted; the kernel takes less if `net.core.somaxconn` says so."""

MAX_CONNECTIONS = 16_384
"""Of each server process at once; ten thousand that say nothing take 25 MiB."""

RESERVED_FILES = 256
"""Open files that no client gets: the database, the log, the program itself."""

GC_THRESHOLD = 20_000
"""New objects between two collections: about 200 requests."""

SUPERVISOR_CHECK_SECONDS = 0.5
"""How often a server process looks whether the one that started it is still there."""


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Server processes.")] = None,
) -> None:
    """Start the server."""
    settings = load_settings(host=host, port=port, workers=workers)
    address = _claim(settings.host, settings.port)
    for operators in settings.metrics_ports:
        _claim(settings.metrics_host, operators)
    has_admin = run(partial(_prepare, settings), settings, if_down=_go_on(settings))
    with suppress(OSError):  # A full disk or a closed pipe: serving matters more.
        _greet(settings, has_admin=has_admin)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_end_at_once)
    Granian(
        "keystead",
        address=address,
        port=settings.port,
        interface=Interfaces.ASGI,
        # Without a TLS proxy in front no client speaks HTTP/2; what guesses the version waits for
        # ever for its first bytes, and neither limit below would hold for it.
        http=HTTPModes.http1,
        workers=settings.workers,
        backlog=BACKLOG,
        backpressure=_connections(settings),
        http1_settings=HTTP1Settings(
            header_read_timeout=HEADER_SECONDS * 1000, max_buffer_size=HTTP_BUFFER_BYTES
        ),
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=DRAIN_SECONDS,
    ).serve(target_loader=partial(_load, settings, os.getpid()), wrap_loader=False)


def migrate() -> None:
    """Bring the database to the newest schema. The embedded one does it by itself at every start."""
    url = load_settings().database_url.get_secret_value()

    async def bring_up_to_date() -> None:
        await open_store(url).migrate()

    guarded(bring_up_to_date)
    typer.echo("The database has the newest schema.")


def _go_on(settings: Settings) -> Callable[[StoreDown], bool] | None:
    if is_embedded(settings.database_url.get_secret_value()):
        return None

    def go_on(down: StoreDown) -> bool:
        reason = down.__cause__ or "no reason given"
        typer.echo(f"keystead: the database does not answer yet ({reason}); trying on", err=True)
        return True  # Whether there is an admin is not known: nothing is said about it.

    return go_on


def _claim(host: str, port: int) -> str:
    """Return the IP address that *host* is, once it is certain that nobody else listens there."""
    # The server itself shares its port: beside another one it would silently answer some requests.
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, _, _, place = min(places)  # IPv4 before IPv6
        with socket.socket(family, kind) as probe:
            if os.name == "posix":  # There it only forgives connections that are being closed.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        stop(f"cannot listen on {host} port {port}: {error.strerror}")
    return str(place[0])


async def _prepare(settings: Settings, tools: Tools) -> bool:
    # Everything that can refuse a start is tried here, once, before any server process exists.
    await seed(settings, tools, system_clock())
    has_admin = await tools.store.has_admin()
    if settings.seed_admin_on_start and not has_admin:
        stop(
            "ADMIN_EMAIL belongs to an account that is no admin, and that somebody else may have "
            "made: choose another address, or look at it with `keystead users list`"
        )
    return has_admin


def _connections(settings: Settings) -> int:
    # The server counts connections, not requests: with no more than BACKLOG of them, its own choice,
    # whoever held as many open and said nothing would have kept everybody else out.
    files = _raise_the_limit_of_open_files()
    return max(1, min(MAX_CONNECTIONS, files - RESERVED_FILES - settings.database_pool))


def _raise_the_limit_of_open_files() -> int:
    # What most systems begin with, 1024, is for programs that hand file numbers to select().
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + 2 * RESERVED_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else soft


def _load(settings: Settings, supervisor: int) -> "Shell":
    # Runs in each server process. The web framework is loaded only there, not in their parent.
    from keystead.app import build  # noqa: PLC0415

    _stop_without(supervisor)
    _keep_threads_from_interrupting_each_other()
    logs.configure(settings.log_style, in_background=True)
    shell = build(settings)
    _spare_the_collector()
    return shell


def _spare_the_collector() -> None:
    # What is loaded by now stays for good, and requests leave next to no cycles: looking for some
    # after every 700 new objects took one request in twelve.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)


def _end_at_once() -> None:
    # A forked process begins with the signal handler of its supervisor, which does nothing in it:
    # asked to stop while it is still loading, it would be waited for until it is killed.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _stop_without(supervisor: int) -> None:
    # A process whose supervisor was killed would keep the port, with nobody left to stop it.
    def watch() -> None:
        while os.getppid() == supervisor:
            time.sleep(SUPERVISOR_CHECK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="supervisor-watch", daemon=True).start()


def _keep_threads_from_interrupting_each_other() -> None:
    # The event loop lets go of the interpreter's lock several times in every database read, and
    # each time the kernel would wake the HTTP thread in its place and switch back a moment later.
    # As a batch process threads wait for their turn: 1.4 times the requests on one core.
    if hasattr(os, "SCHED_BATCH"):
        with suppress(OSError):  # A sandbox may forbid it; then it is only slower.
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _greet(settings: Settings, *, has_admin: bool) -> None:
    url = f"http://{_shown(settings.host)}:{settings.port}"
    lines = [f"Keystead {__version__} ({settings.environment}) on {url}"]
    if pages := [f"{url}/{area}" for area in settings.page_areas]:
        lines.append(f"  Pages               {'  '.join(pages)}")
    if settings.api_docs:
        lines.append(f"  API documentation   {url}/docs")
    lines.append(
        f"  Database            {without_secrets(settings.database_url.get_secret_value())}"
    )
    lines.append(f"  Secrets             {secrets_path(settings)} (back it up with the database)")
    if not has_admin:
        lines.append(f"  No admin yet        {_command()} create-admin you@example.com")
    lines.extend(f"  Unknown setting     {name} is ignored" for name in unknown_names())
    for line in lines:
        typer.echo(line, err=True)


def _command() -> str:
    # As it was typed, since a virtual environment's commands are mostly not on the PATH.
    return sys.argv[0] if sys.argv[0].endswith("keystead") else "keystead"


def _shown(host: str) -> str:
    if host == "127.0.0.1":
        return "localhost"
    return f"[{host}]" if ":" in host else host
