"""wrk, where it is installed: it spends a tenth of what the server does, so the server is the limit."""

import json
import shutil
import subprocess
from pathlib import Path

from bench.load.http import CONNECTIONS, Load
from bench.processes import LOOPBACK, BenchFailed

SCRIPT = Path(__file__).with_name("headers.lua")
MARK = "RESULT "
PATIENCE_SECONDS = 30


def find_wrk() -> str | None:
    """Return the program, if it is on the PATH."""
    return shutil.which("wrk")


def run_wrk(program: str, port: int, path: str, headers: Path, seconds: int) -> Load:
    """Send GETs, each with one line of the file *headers*: the first, the second, and so on."""
    url = f"http://{LOOPBACK}:{port}{path}"
    command = [program, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(SCRIPT), url]
    done = subprocess.run(
        [*command, "--", str(headers)], capture_output=True, text=True, check=False,
        timeout=seconds + PATIENCE_SECONDS,
    )  # fmt: skip
    found = next((line for line in done.stdout.splitlines() if line.startswith(MARK)), None)
    if found is None:
        raise BenchFailed(f"wrk failed: {done.stderr or done.stdout}")
    said = json.loads(found.removeprefix(MARK))
    if said["failures"]:
        raise BenchFailed(f"{said['failures']} of {said['requests']} requests to {url} failed")
    return Load(said["requests"], said["microseconds"] / 1e6)
