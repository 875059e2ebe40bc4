"""What is measured: one file each, with a `measure(plan) -> Result`."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from bench.measurements import login, peers, profile, refresh, start, verify
from bench.peers.known import PEERS
from bench.plan import Plan
from bench.rounds import Result


def _with_a_server_of_databases(module: str) -> Callable[[Plan], Result]:
    # Loaded when it is asked for: what starts the server knows Keystead, which this process is not to.
    def measure(plan: Plan) -> Result:
        result: Result = import_module(f"bench.measurements.{module}").measure(plan)
        return result

    return measure


MEASUREMENTS: dict[str, Callable[[Plan], Result]] = {
    "start": start.measure,
    "verify": verify.measure,
    "profile": profile.measure,
    "login": login.measure,
    "refresh": refresh.measure,
    "postgres": _with_a_server_of_databases("postgres"),
    "peers": peers.measure,
    "peers-postgres": _with_a_server_of_databases("peers_postgres"),
}

ALONE = [name for name in MEASUREMENTS if name not in {"postgres", "peers", "peers-postgres"}]
"""What needs nothing besides Keystead."""

GENERAL: dict[str, Any] = {"rounds": 3, "seconds": 2, "sessions": [1_000, 1_000_000]}
"""What is done where nothing else was asked for."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "peers": {"rounds": 3, "seconds": 1, "sessions": [1_000, 100_000, 1_000_000]},
    "peers-postgres": {"rounds": 3, "seconds": 1, "sessions": [1_000, 100_000]},
}
"""The same for a measurement with four contenders in everything: it would take half an hour."""


def by_default() -> list[str]:
    """Return what is measured where nothing else was asked for: peers if `make bench-peers` was made."""
    return [*ALONE, "peers"] if any(peer().missing is None for peer in PEERS) else ALONE
