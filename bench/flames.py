"""
Where the time of a request goes: python -m bench.flames [verify profile refresh login].

py-spy samples the Python of the server's processes while they are under the load of the benchmark;
what a function calls in C counts as its own. Of each verb there is a flame graph, VERB.svg, and in functions.md the functions with most samples.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from bench.load.http import CONNECTIONS, Source
from bench.load.raw import drive
from bench.load.sources import Refreshes, bearers, sessions_of, sign_ins
from bench.machine import Cores
from bench.plan import TOKENS
from bench.processes import BenchFailed
from bench.servers import COOKIE, KEYSTEAD, ROOT, Seeded, Server, seed, serving

SESSIONS = 1_000
SAMPLES_PER_SECOND = 100
LISTED = 10
WARM_UP_SECONDS = 3

WAITING = (
    "process ",  # A thread in which no Python runs.
    "Condition.wait (",
    "_stop_without.<locals>.watch (",
    "GroupWriter._serve (",
    "_worker (concurrent/",
)
"""How the names of functions begin that only wait when nothing that they call is on top of them."""

SIGNING_IN = 8
"""Of those who sign in at once, as in the measurement."""

FOLDER = ROOT / "bench" / "results" / "flames"


def _refreshes(seeded: Seeded) -> list[Source]:
    tokens = seeded.refresh_tokens
    return [Refreshes(tokens[number::CONNECTIONS], COOKIE) for number in range(CONNECTIONS)]


def _sign_ins(seeded: Seeded) -> list[Source]:
    return sign_ins(seeded.emails, seeded.password, SIGNING_IN)


VERBS: dict[str, Callable[[Seeded], list[Source]]] = {
    "verify": lambda seeded: sessions_of("/auth/verify", bearers(seeded.access_tokens)),
    "profile": lambda seeded: sessions_of("/profile", bearers(seeded.access_tokens)),
    "refresh": _refreshes,
    "login": _sign_ins,
}


def main() -> None:
    """Sample the verbs that were asked for, and print where the time went."""
    parser = argparse.ArgumentParser(prog="python -m bench.flames", description=__doc__)
    parser.add_argument(
        "verbs", nargs="*", default=list(VERBS), metavar="VERB", help="; ".join(VERBS)
    )
    parser.add_argument(
        "--seconds", type=int, default=8, help="how long each is sampled, twice (8)"
    )
    options = parser.parse_args()
    cores = Cores()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="keystead-bench-") as name:
        folder = Path(name) / "database"
        seeded = seed(folder, SESSIONS, TOKENS)
        tables = []
        for verb in options.verbs:
            with serving(KEYSTEAD, folder, cores) as server:
                stacks = _sample(verb, server, VERBS[verb](seeded), options.seconds)
            tables.append(f"## {verb}\n\n{table(stacks)}\n")
            print(f"\n{tables[-1]}", flush=True)
    (FOLDER / "functions.md").write_text("\n".join(tables))


def _sample(verb: str, server: Server, sources: list[Source], seconds: int) -> list[str]:
    over = threading.Event()
    load = threading.Thread(target=_drive, args=(server, sources, over))
    load.start()
    time.sleep(WARM_UP_SECONDS)  # By then each token was verified, and each session used, once.
    try:
        record(server, FOLDER / f"{verb}.svg", "flamegraph", seconds)
        stacks = record(server, FOLDER / f"{verb}.stacks", "raw", seconds)
    finally:
        over.set()
        load.join()
    return stacks.read_text().splitlines()


def _drive(server: Server, sources: list[Source], over: threading.Event) -> None:
    while not over.is_set():
        drive(server.port, sources, 1)


def record(server: Server, file: Path, form: str, seconds: int) -> Path:
    """Sample what the server's processes do. Raises: BenchFailed: they may not be looked into."""
    command = [
        str(Path(sys.executable).with_name("py-spy")), "record", "--subprocesses",
        "--pid", str(server.process.pid), "--duration", str(seconds), "--rate",
        str(SAMPLES_PER_SECOND), "--format", form, "--output", str(file),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not file.exists():
        raise BenchFailed(f"py-spy: {done.stderr or done.stdout}")
    return file


def table(stacks: Iterable[str]) -> str:
    """
    List the functions in which most samples were taken, with what they call besides.

    *stacks* are lines of `outermost;...;innermost count`. Threads that wait are left out.
    """
    own, within = Counter[str](), Counter[str]()
    for line in stacks:
        frames, _, count = line.rpartition(" ")
        names = [_short(frame) for frame in frames.split(";")]
        if names[-1].startswith(WAITING):
            continue
        own[names[-1]] += int(count)
        within.update(dict.fromkeys(names, int(count)))
    total = own.total()
    lines = ["| itself | with what it calls | function |", "|--:|--:|---|"]
    lines += [
        f"| {count / total:.1%} | {within[name] / total:.1%} | `{name}` |"
        for name, count in own.most_common(LISTED)
    ]
    return "\n".join(lines)


def _short(frame: str) -> str:
    """Leave out the line: samples of one function belong together."""
    return frame.rpartition(":")[0] + ")" if frame.endswith(")") and ":" in frame else frame


if __name__ == "__main__":
    main()
