"""What is measured: one file each, with a `measure(plan) -> Result`."""

from collections.abc import Callable

from bench.measurements import login, profile, refresh, start
from bench.plan import Plan
from bench.rounds import Result

MEASUREMENTS: dict[str, Callable[[Plan], Result]] = {
    "start": start.measure,
    "profile": profile.measure,
    "login": login.measure,
    "refresh": refresh.measure,
}
