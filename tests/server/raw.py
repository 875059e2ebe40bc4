"""Speaking to a server without an HTTP library, which would never send what an attacker sends."""

import re
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from tests.server.running import Server

PATIENCE_SECONDS = 15
QUIET_SECONDS = 0.3
"""After an answer on a connection that stays open: a second one would come at once."""

STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")

Cases = Mapping[str, tuple[bytes, str]]
"""Name of each -> what is sent, and the outcome that `outcome_of` would call it."""


def connect(server: Server) -> socket.socket:
    """A new connection."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_SECONDS)


def exchange(server: Server, sent: bytes, *, closes: bool) -> tuple[bytes, bool]:
    """
    Send something and read everything that comes back.

    Args:
        server: where to.
        sent: the bytes.
        closes: whether it is expected that the server then closes the connection.

    Returns: what came back, and whether the server closed.

    """
    received = bytearray()
    with connect(server) as connection:
        with suppress(ConnectionError):  # It may refuse, and close, before it has read everything.
            connection.sendall(sent)
        try:
            while block := connection.recv(65_536):
                received += block
                connection.settimeout(PATIENCE_SECONDS if closes else QUIET_SECONDS)
        except TimeoutError:
            return bytes(received), False
        except ConnectionError:
            pass  # Closed with something unread: also closed.
    return bytes(received), True


def outcome_of(received: bytes, *, is_closed: bool) -> str:
    """The statuses of all answers, and whether the connection is over: `200 400 closed`."""
    statuses = [status.decode() for status in STATUS.findall(received)]
    return " ".join([*statuses, "closed" if is_closed else "open"])


def outcomes(server: Server, cases: Cases) -> dict[str, str]:
    """Try every case, all at once."""

    def attempt(case: tuple[bytes, str]) -> str:
        sent, expected = case
        received, is_closed = exchange(server, sent, closes=expected.endswith("closed"))
        return outcome_of(received, is_closed=is_closed)

    with ThreadPoolExecutor(len(cases)) as threads:
        return dict(zip(cases, threads.map(attempt, cases.values()), strict=True))


def expected(cases: Cases) -> dict[str, str]:
    """What `outcomes` should be."""
    return {name: outcome for name, (_, outcome) in cases.items()}
