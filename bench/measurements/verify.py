"""GET /auth/verify, which other services ask for every request they serve."""

from bench.measurements.profile import compare
from bench.plan import Plan
from bench.rounds import Result, Target

TO_BARE = Target(">=", 0.60)


def measure(plan: Plan) -> Result:
    """Compare it with an empty ASGI function that gives the same answer."""
    return compare(plan, "verify", "/auth/verify", TO_BARE)
