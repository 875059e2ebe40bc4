"""
Runs the real program without loading it each time.

Loading the libraries takes ten times as long as everything else that a command or a start does. This
process loads them once. For each request it forks a child that becomes the program, answers with the
child's pid and, once that has ended, with its exit code. It ends when nobody can ask any more.
"""

import atexit
import json
import multiprocessing
import os
import signal
import socket
import sys
import time
import traceback

import keystead.app  # noqa: F401 - loaded once, here, instead of in every child.
from keystead.cli import main

FILES = 5
"""That come with a request: one that says what to run, its standard three, where to answer."""


def become(request: int, *standard: int) -> None:
    """Become the program, in a process group of its own so that it can be killed whole."""
    os.setsid()
    with open(request) as file:
        wanted = json.load(file)
    for number, other in enumerate(standard):
        os.dup2(other, number)
        os.close(other)
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    time.tzset()
    sys.argv = ["keystead", *wanted["arguments"]]
    os._exit(_exit_code())


def _exit_code() -> int:
    # Taking apart what was loaded takes longer than most commands, and it is all the same memory
    # that the others are forked from.
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    except BaseException:  # noqa: BLE001 - what Python itself does with it.
        traceback.print_exc()
        return 1
    else:
        return 0
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()


def run(*files: int) -> None:
    """Answer one request, in a process that waits for the end of its program."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *of_program, answers = files
    pid = os.fork()
    if pid == 0:
        os.close(answers)
        become(*of_program)
        return
    for file in of_program:
        os.close(file)
    os.write(answers, b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def serve(requests: socket.socket) -> None:
    """Fork for every request."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Nobody asks how those went that wait.
    while True:
        text, files, _, _ = socket.recv_fds(requests, 1, FILES)
        if not text:
            return
        if os.fork() == 0:
            requests.close()
            run(*files)
            return
        for file in files:
            os.close(file)


if __name__ == "__main__":
    # The server's own processes too, where another way is usual: they would load everything again.
    multiprocessing.set_start_method("fork", force=True)
    serve(socket.socket(fileno=int(sys.argv[1])))
