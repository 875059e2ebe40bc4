"""How long somebody else waits meanwhile: one slow, steady connection beside the load."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.load.http import Source
from bench.load.raw import Connection

INTERVAL_SECONDS = 0.02


@contextmanager
def probing(port: int, source: Source, waited_ms: list[float]) -> Iterator[None]:
    """Ask every 20 ms from a thread of its own, and append how long each answer took."""
    over = threading.Event()
    failures: list[Exception] = []
    thread = threading.Thread(
        target=_probe, args=(port, source, waited_ms, failures, over), daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if failures:
        raise failures[0]


def _probe(
    port: int,
    source: Source,
    waited_ms: list[float],
    failures: list[Exception],
    over: threading.Event,
) -> None:
    try:
        connection = Connection(port, source)
        due = time.perf_counter()
        while not over.wait(max(0.0, due - time.perf_counter())):
            connection.ask()
            while connection.listen() is None:
                pass
            # From when it was due, not sent: after a slow answer the next one is late already.
            waited_ms.append((time.perf_counter() - due) * 1000)
            due += INTERVAL_SECONDS
        connection.socket.close()
    except Exception as error:  # noqa: BLE001 - raised in the thread that waits for this one.
        failures.append(error)
