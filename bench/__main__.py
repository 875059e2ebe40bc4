"""The command: python -m bench --help."""

import argparse
import signal
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from bench.load.wrk import find_wrk
from bench.machine import Cores, describe
from bench.measurements import DEFAULTS, GENERAL, MEASUREMENTS, by_default
from bench.peers.known import versions
from bench.plan import Plan
from bench.processes import BenchFailed
from bench.publish import publish, write_beside
from bench.report import Run, header, table, write
from bench.servers import KEYSTEAD, ROOT

INTERRUPTED = 130


def main() -> int:
    """Measure, print, write. Returns: 0, also if a target was missed; 1 if nothing was measured."""
    options = _options()
    signal.signal(signal.SIGTERM, _stop)
    started = time.perf_counter()
    cores = Cores()
    machine = {"date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", **describe(cores)}
    print(header(machine), flush=True)
    try:
        with tempfile.TemporaryDirectory(prefix="keystead-bench-") as folder:
            shared = Plan(
                **GENERAL, folder=Path(folder), cores=cores,
                wrk=None if options.no_wrk else find_wrk(),
            )  # fmt: skip
            results, chosen = [], {}
            for name in options.only or by_default():
                chosen[name] = _chosen(options, name)
                machine |= versions() if name.startswith("peers") else {}
                results.append(MEASUREMENTS[name](replace(shared, **chosen[name])))
                print(f"\n{table(results[-1])}\n", flush=True)
    except BenchFailed as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: stopped", file=sys.stderr)
        return INTERRUPTED
    machine["duration"] = f"{time.perf_counter() - started:.0f} s"
    write(options.json, Run(machine, chosen, results))
    write_beside(options.json)
    print(f"{machine['duration']}; written to {options.json}, with a table and a picture beside it")
    if options.publish:
        publish(options.json)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=f"Measure {KEYSTEAD[2]}; bench/README.md explains."
    )
    add = parser.add_argument
    add("--rounds", type=_positive, help="turns of each contender (3)")
    add("--seconds", type=_positive, help="how long one turn under load takes (2; peers: 1)")
    add("--sessions", type=_positive, nargs="+", metavar="N",
        help="sizes of the sessions table to compare (1000 1000000; peers: 1000 100000 1000000)")  # fmt: skip
    add("--only", action="append", choices=MEASUREMENTS, help="measure just this; may be repeated")
    add("--no-wrk", action="store_true", help="use our own load generator, even if there is wrk")
    add("--json", type=Path, default=_default_file(), metavar="FILE", help="where to write it all")
    add("--publish", action="store_true", help="and show it in README.md: the next commit has it")
    return parser.parse_args()


def _chosen(options: argparse.Namespace, measurement: str) -> dict[str, Any]:
    """Return what was asked for, or else what that measurement, or else every one, begins with."""
    defaults = GENERAL | DEFAULTS.get(measurement, {})
    given = {name: getattr(options, name) or default for name, default in defaults.items()}
    return given | {"sessions": sorted(set(given["sessions"]))}


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def _default_file() -> Path:
    return ROOT / "bench" / "results" / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"


def _stop(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt  # Whatever asks us to stop, servers are stopped on the way out.


if __name__ == "__main__":
    sys.exit(main())
