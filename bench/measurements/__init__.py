"""What is measured: one file each, with a `measure(plan) -> Result`."""

from collections.abc import Callable
from typing import Any

from bench.measurements import login, peers, postgres, profile, refresh, start, verify
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
}

BY_DEFAULT = [name for name in MEASUREMENTS if name not in {"postgres", "peers"}]
"""
The rest needs something installed: `make bench ARGS='--only postgres'` does so itself, and for
peers there is `make bench-peers`.
"""

GENERAL: dict[str, Any] = {"rounds": 5, "seconds": 3, "sessions": [1_000, 1_000_000]}
"""What is done where nothing else was asked for."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "peers": {"rounds": 3, "seconds": 1, "sessions": [1_000, 100_000, 1_000_000]}
}
"""The same for a measurement with four contenders in everything: it would take half an hour."""
