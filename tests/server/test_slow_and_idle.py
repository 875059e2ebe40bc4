"""Connections that keep a place and say little or nothing: they lose it, and everybody else is served."""

import asyncio
import resource
import socket
import time
from contextlib import suppress

import pytest

from keystead.web.body import DEADLINE_SECONDS
from tests.databases import Database
from tests.people import Person
from tests.server.raw import connect
from tests.server.running import Server, is_listening, running

FILES = 300
"""Open files that the server process is left with; it needs some forty."""

RECOVERY_SECONDS = 5
BODY = b'{"email": "'


@pytest.mark.thorough  # Nobody honest is cut off early, so it takes as long as they are given.
@pytest.mark.requirement(86)
async def test_a_client_that_is_slow_with_its_body_is_cut_off(database: Database) -> None:
    with running(database) as server:
        slow = {name: _announce(server) for name in ("a letter each second", "nothing", "leaves")}
        slow["leaves"].close()
        begun, slowest, open_still = time.monotonic(), 0.0, {"a letter each second", "nothing"}
        async with server.client() as client:
            while open_still and time.monotonic() - begun < DEADLINE_SECONDS + 15:
                with suppress(ConnectionError):
                    slow["a letter each second"].sendall(b"a")
                asked = time.monotonic()
                assert (await client.get("/livez")).status_code == 200
                slowest = max(slowest, time.monotonic() - asked)
                await asyncio.sleep(1)
                open_still = {name for name in open_still if not _has_answer(slow[name])}

        took = time.monotonic() - begun
        assert open_still == set()
        for name in ("a letter each second", "nothing"):
            assert slow[name].recv(12) == b"HTTP/1.1 408", name
            slow[name].close()
        assert DEADLINE_SECONDS - 2 < took < DEADLINE_SECONDS + 10
        assert slowest < 5  # The others are served meanwhile.


async def test_without_a_file_for_another_connection_it_serves_those_it_has_and_recovers(
    database: Database,
) -> None:
    with running(database) as server:
        (worker,) = server.workers
        async with server.client() as client:
            bob = await server.person("bob", client)
            resource.prlimit(worker, resource.RLIMIT_NOFILE, (FILES, FILES))
            idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(2 * FILES)]
            try:
                assert _is_left_waiting(server)
                assert await bob.is_signed_in()
                assert (await bob.refresh()).status_code == 200
            finally:
                for connection in idle:
                    connection.close()

        begun = time.monotonic()
        async with server.client() as client:
            assert (await Person(client, bob.email).login()).status_code == 200
        assert time.monotonic() - begun < RECOVERY_SECONDS
        assert server.workers == {worker}
        assert is_listening(server.port)


def _announce(server: Server) -> socket.socket:
    connection = connect(server)
    connection.sendall(
        b"POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 1000\r\n\r\n" + BODY
    )
    return connection


def _has_answer(connection: socket.socket) -> bool:
    connection.settimeout(0)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        connection.settimeout(10)


def _is_left_waiting(server: Server) -> bool:
    with connect(server) as another:
        another.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        another.settimeout(0.5)
        try:
            another.recv(1)
        except TimeoutError:
            return True
    return False
