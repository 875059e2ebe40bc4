"""Clients that send too much, too slowly, or leave too early."""

import asyncio
import random
import resource
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import orjson
import pytest

from keystead.cli.serve import HEADER_SECONDS
from tests.databases import Database
from tests.people import Person
from tests.server.raw import connect
from tests.server.running import Server, running

pytestmark = pytest.mark.only_on("sqlite", because="no database is asked about it")

IDLE = 10_000
REQUESTS = 2000
CALLERS = 40
USERS = 8

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends a reset."""


@pytest.fixture(scope="module")
def server(database_of_module: Database) -> Iterator[Server]:
    with running(database_of_module) as started:
        yield started
        assert "internal_error" not in started.output
        assert "Traceback" not in started.output


@pytest.mark.requirement(86)
async def test_a_client_that_is_slow_with_its_headers_is_cut_off(server: Server) -> None:
    begun = time.monotonic()
    slow = {
        "says nothing": connect(server),
        "says one letter": connect(server),
        "half a greeting of HTTP/2": connect(server),
        "a letter each second": connect(server),
        "nothing after an answer": connect(server),
    }
    slow["says one letter"].sendall(b"G")
    slow["half a greeting of HTTP/2"].sendall(b"PRI * HTTP/2")
    slow["a letter each second"].sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    slow["nothing after an answer"].sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")

    open_still, slowest = dict(slow), 0.0
    async with server.client() as client:
        while open_still and time.monotonic() - begun < HEADER_SECONDS + 15:
            with suppress(ConnectionError):
                slow["a letter each second"].sendall(b"a")
            asked = time.monotonic()
            assert (await client.get("/livez")).status_code == 200
            slowest = max(slowest, time.monotonic() - asked)
            await asyncio.sleep(1)
            open_still = {name: one for name, one in open_still.items() if not _is_closed(one)}

    assert open_still == {}
    assert time.monotonic() - begun > HEADER_SECONDS - 2  # Nobody honest is cut off early.
    assert slowest < 5  # The others are served meanwhile.
    for connection in slow.values():
        connection.close()


@pytest.mark.requirement(86)
async def test_ten_thousand_connections_that_say_nothing_keep_nobody_out(server: Server) -> None:
    _allow_open_files(IDLE + 500)
    before = server.peak_mib
    async with server.client() as client:
        await server.person("waiting", client)

    idle = [_call_without_a_word(server) for _ in range(IDLE)]
    begun = time.monotonic()
    try:
        async with server.client() as client:
            person = Person(client, "waiting@example.com")
            assert (await person.login()).status_code == 200
            assert await person.is_signed_in()
        took = time.monotonic() - begun
    finally:
        for connection in idle:
            connection.close()

    assert took < 5  # They are cut off after ten seconds; nobody honest waits for that.
    assert server.peak_mib - before < 160
    assert server.is_alive()


@dataclass
class Caller:
    """Somebody who is signed in, as the bytes of a request."""

    id: str
    request: bytes


async def test_clients_that_leave_never_mix_up_the_answers_of_those_who_stay(
    server: Server,
) -> None:
    callers = [await _caller(server, f"caller{number}") for number in range(USERS)]
    chance = random.Random(1)

    checked = await asyncio.gather(
        *(_call(server, callers, random.Random(chance.random())) for _ in range(CALLERS))
    )

    assert sum(checked) > REQUESTS / 4


async def _call(server: Server, callers: list[Caller], chance: random.Random) -> int:
    """Ask as many callers in turn, and leave early half of the time. Returns: answers checked."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    checked = 0
    for _ in range(REQUESTS // CALLERS):
        caller = chance.choice(callers)
        if chance.random() < 0.5:
            await _leave(server, caller, chance)
            continue
        writer.write(caller.request)
        assert await _answered_id(reader) == caller.id
        checked += 1
    writer.close()
    await writer.wait_closed()
    return checked


async def _leave(server: Server, caller: Caller, chance: random.Random) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    if chance.random() < 0.5:
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.write(caller.request[: chance.randrange(1, 2 * len(caller.request))])
    await asyncio.sleep(chance.choice([0, 0.001, 0.003]))
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


async def _answered_id(reader: asyncio.StreamReader) -> str:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    length = next(
        int(line.partition(b":")[2])
        for line in head.splitlines()
        if line.startswith(b"content-length:")
    )
    return str(orjson.loads(await reader.readexactly(length))["user"]["_id"])


async def _caller(server: Server, name: str) -> Caller:
    async with server.client() as client:
        person = await server.person(name, client)
    request = (
        "GET /profile HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {person.access_token}\r\n\r\n"
    )
    return Caller(person.id, request.encode())


def _call_without_a_word(server: Server) -> socket.socket:
    connection = socket.socket()
    connection.settimeout(0)
    with suppress(BlockingIOError):
        connection.connect(("127.0.0.1", server.port))
    return connection


def _allow_open_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this machine allows only {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def _is_closed(connection: socket.socket) -> bool:
    connection.settimeout(0)
    try:
        while connection.recv(65_536):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True
