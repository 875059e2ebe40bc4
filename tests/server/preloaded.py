"""
Starts the real program again and again without loading it each time.

Loading the libraries takes ten times as long as everything else a start does. This program loads
them once; for every port number read from standard input it forks a child that serves there, in
a process group of its own so that it can be killed whole, prints the child's pid, and waits for
its end.
"""

import multiprocessing
import os
import sys

import keystead.app  # noqa: F401 - loaded once, here, instead of in every child.
from keystead.cli import main


def serve(port: str) -> None:
    """Become `keystead serve`, with the log where `running` has it."""
    os.setsid()
    log = os.open("server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.argv = ["keystead", "serve", "--port", port]
    main()


if __name__ == "__main__":
    # The server's own processes too, where another way is usual: they would load everything again.
    multiprocessing.set_start_method("fork", force=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            serve(line.strip())
        print(pid, flush=True)  # noqa: T201 - the answer.
        os.waitpid(pid, 0)
