"""What is measured: one file each, with a `measure(plan) -> Result`."""

from collections.abc import Callable
from typing import Any

from bench.measurements import (
    login,
    peers,
    peers_postgres,
    postgres,
    profile,
    refresh,
    start,
    verify,
)
from bench.peers.known import PEERS
from bench.plan import Plan
from bench.rounds import Result

MEASUREMENTS: dict[str, Callable[[Plan], Result]] = {
    "start": start.measure,
    "verify": verify.measure,
    "profile": profile.measure,
    "login": login.measure,
    "refresh": refresh.measure,
    "postgres": postgres.measure,
    "peers": peers.measure,
    "peers-postgres": peers_postgres.measure,
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
