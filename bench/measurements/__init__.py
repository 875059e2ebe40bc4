"""What is measured: one file each, with a `measure(plan) -> Result`."""

from collections.abc import Callable

from bench.measurements import login, postgres, profile, refresh, start, verify
from bench.plan import Plan
from bench.rounds import Result

MEASUREMENTS: dict[str, Callable[[Plan], Result]] = {
    "start": start.measure,
    "verify": verify.measure,
    "profile": profile.measure,
    "login": login.measure,
    "refresh": refresh.measure,
    "postgres": postgres.measure,
}

BY_DEFAULT = [name for name in MEASUREMENTS if name != "postgres"]
"""The rest needs a database server, which `make bench ARGS='--only postgres'` installs."""
