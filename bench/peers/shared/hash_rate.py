"""How many passwords a second a function verifies: one at a time, on the thread that asks."""

import sys
import time
from collections.abc import Callable


def print_rate(verify: Callable[[], bool]) -> None:
    """Call *verify* for as many seconds as the command line says."""
    count, started = 0, time.perf_counter()
    while (passed := time.perf_counter() - started) < float(sys.argv[1]):
        assert verify()
        count += 1
    print(count / passed)
