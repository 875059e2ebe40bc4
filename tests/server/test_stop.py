"""Stopping the program, and losing one of its processes."""

import os
import signal
import socket
import time

import orjson

from tests.databases import Database, environment_of
from tests.people import PASSWORD, Person
from tests.server.programs import ANEW
from tests.server.running import Server, answers, eventually, free_port, running, start


async def test_asked_to_stop_it_finishes_what_is_under_way(database: Database) -> None:
    with running(database, **ANEW) as server:
        idle = socket.create_connection(("127.0.0.1", server.port))
        idle.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(64).startswith(b"HTTP/1.1 200 ")
        body = orjson.dumps({"email": "bob@example.com", "password": PASSWORD})
        under_way = _begin_to_register(server, body)

        asked = time.monotonic()
        server.process.terminate()
        eventually(lambda: not answers(server.port))
        assert server.process.poll() is None
        under_way.sendall(body[1:])
        answer = under_way.recv(4096)

        assert answer.startswith(b"HTTP/1.1 201 ")
        assert server.process.wait(5) == 0
        assert time.monotonic() - asked < 5
        idle.close()
        under_way.close()

    # What was answered while it was stopping is as good as any other answer.
    with running(database, **ANEW) as server:
        async with server.client() as client:
            assert (await Person(client, "bob@example.com").login()).status_code == 200


def test_asked_to_stop_while_it_starts_it_stops_at_once(database: Database) -> None:
    server = start(database.folder, free_port(), "--workers", "2", **environment_of(database))
    try:
        eventually(lambda: bool(server.workers))
        server.process.terminate()

        assert server.process.wait(5) == 0
    finally:
        server.kill()


async def test_a_worker_that_dies_is_replaced_and_sessions_go_on(database: Database) -> None:
    with running(database, **ANEW) as server:
        async with server.client() as client:
            bob = await server.person("bob", client)
        (victim,) = server.workers

        os.kill(victim, signal.SIGKILL)

        eventually(lambda: bool(server.workers - {victim}) and server.is_alive())
        async with server.client() as client:
            again = Person(client, bob.email, access_token=bob.access_token)
            assert await again.is_signed_in()
        assert server.stop() == 0


def test_workers_do_not_outlive_a_supervisor_that_was_killed(database: Database) -> None:
    with running(database, "--workers", "2", **ANEW) as server:
        eventually(lambda: len(server.workers) == 2)

        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()

        eventually(lambda: not answers(server.port))


def _begin_to_register(server: Server, body: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.settimeout(10)
    head = (
        "POST /auth/register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    connection.sendall(head.encode())
    # Asked to go on: from here on the application is reading the body.
    assert connection.recv(64).startswith(b"HTTP/1.1 100 ")
    connection.sendall(body[:1])
    return connection
