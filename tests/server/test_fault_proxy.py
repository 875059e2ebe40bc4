"""The wire that other tests rely on does what its methods say."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.server.fault_proxy import FaultProxy, fault_proxy


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that says everything back, and the port it has."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def say_back(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                while piece := connection.recv(1024):
                    connection.sendall(piece)

        def serve() -> None:
            with suppress(OSError):  # Closed: the test is over.
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=say_back, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(echo: int) -> Iterator[FaultProxy]:
    with fault_proxy(echo) as started:
        yield started


def connect(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def said_back(connection: socket.socket, text: bytes) -> bytes:
    connection.sendall(text)
    return connection.recv(1024)


def test_everything_is_passed_on(proxy: FaultProxy) -> None:
    with connect(proxy) as one, connect(proxy) as other:
        assert said_back(one, b"one") == b"one"
        assert said_back(other, b"other") == b"other"


def test_a_delay_holds_in_both_directions(proxy: FaultProxy) -> None:
    proxy.delay_seconds = 0.1
    with connect(proxy) as connection:
        begun = time.monotonic()

        assert said_back(connection, b"slow") == b"slow"

        assert time.monotonic() - begun >= 0.2


def test_what_is_refused_ends_and_comes_back(proxy: FaultProxy) -> None:
    with connect(proxy) as connection:
        assert said_back(connection, b"here") == b"here"

        proxy.refuse()

        with pytest.raises(ConnectionError):
            connection.recv(1)
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)

    proxy.listen()
    with connect(proxy) as connection:
        assert said_back(connection, b"back") == b"back"


def test_cut_connections_are_reset_and_new_ones_taken(proxy: FaultProxy) -> None:
    with connect(proxy) as connection:
        assert said_back(connection, b"here") == b"here"

        proxy.cut()

        with pytest.raises(ConnectionResetError):
            connection.recv(1)
    with connect(proxy) as connection:
        assert said_back(connection, b"again") == b"again"


def test_a_stalled_wire_says_nothing_until_it_goes_on(proxy: FaultProxy) -> None:
    with connect(proxy) as connection:
        assert said_back(connection, b"here") == b"here"
        proxy.stall()
        connection.sendall(b"anybody")
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)

        proxy.resume()

        connection.settimeout(5)
        assert connection.recv(1024) == b"anybody"


def test_one_answer_is_lost_after_its_question_was_passed_on(proxy: FaultProxy) -> None:
    proxy.lose_answer(b"marked", 2)
    with connect(proxy) as connection:
        assert said_back(connection, b"the first marked") == b"the first marked"
        assert said_back(connection, b"another") == b"another"
        connection.sendall(b"the second marked")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)

    assert proxy.lost == 1
    with connect(proxy) as connection:
        assert said_back(connection, b"marked again") == b"marked again"
