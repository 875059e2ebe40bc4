"""
Widening access shows in review: the list of who may use what is kept beside the tests.

It holds what each route declares and whom `domain.permissions` gives that, and how far, so that a
change of the routes and a change of the table both show.

To renew it: `RENEW_SNAPSHOTS=1 make test ARGS=tests/web/test_routes_snapshot.py`
"""

import os
from pathlib import Path

from keystead.cli.inspect import granted
from tests.web.calls import ROUTES

SNAPSHOT = Path(__file__).parents[1] / "snapshots" / "routes.txt"
RENEW = "RENEW_SNAPSHOTS"


def test_who_may_use_what_is_as_it_was_reviewed() -> None:
    lines = sorted((route.path, route.method, granted(route.access)) for route in ROUTES)
    text = "".join(f"{method:<7} {path:<28} {access}\n" for path, method, access in lines)
    if os.environ.get(RENEW):
        SNAPSHOT.write_text(text)

    assert SNAPSHOT.read_text() == text, f"if this is meant, renew with {RENEW}=1"
