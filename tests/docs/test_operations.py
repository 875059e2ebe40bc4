"""docs/operations.md lists every field and event of the log, and every limit with its numbers."""

import re
from datetime import timedelta

from keystead.domain.errors import Unavailable
from keystead.domain.events import EventName
from keystead.domain.throttle import HOUR
from keystead.logs import FIELDS
from keystead.settings import Settings
from tests.docs.markdown import ROOT, codes, read, rows, section

TABLES = rows(section(read("docs/operations.md"), "## Logs"))
LISTED_FIELDS = {code for cells in TABLES if len(cells) == 2 for code in codes(cells[0])}
LISTED_EVENTS = {code for cells in TABLES if len(cells) == 3 for code in codes(cells[0])}
LIMITS = {
    cells[0].strip("`"): cells
    for cells in rows(section(read("docs/operations.md"), "## Throttling"))
}


def test_every_field_of_the_log_is_listed_and_nothing_else() -> None:
    assert LISTED_FIELDS == FIELDS


def test_every_event_is_listed_and_nothing_else() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    of_the_program = re.findall(r'(?:log\.\w+|tell)\(\s*"(\w+)"', source)
    of_refusals = [fault.code for fault in Unavailable.__subclasses__()]

    assert {*EventName, "request", *of_the_program, *of_refusals} == LISTED_EVENTS


def test_every_limit_is_listed_with_the_numbers_that_it_has() -> None:
    policy = Settings.load().throttle_policy
    addresses = (policy.sign_ins, policy.registrations)
    windows = [limit for both in addresses for limit in (both.address, both.network)]

    assert set(LIMITS) == {limit.name for limit in (policy.account, policy.device, *windows)}
    for limit in (policy.account, policy.device, *windows):
        assert LIMITS[limit.name][2] == str(limit.free)
    for limit in windows:
        assert limit.memory == HOUR
        assert LIMITS[limit.name][3] == "none until an hour after the first"
    first, longest = policy.account.first_wait, policy.account.longest_wait
    then = LIMITS["account"][3]
    assert (first.total_seconds(), longest.total_seconds()) == (1, 15 * 60)
    assert then.startswith("one after 1, 2, 4 ... seconds, at most 15 minutes; ")
    assert f"after {policy.account.stop} in a row none for a year" in then
    assert policy.account.memory_at_stop == timedelta(days=365)
    assert (
        LIMITS["device"][3] == f"the same waits; after {policy.device.stop} it is known no longer"
    )
    assert (policy.device.first_wait, policy.device.longest_wait) == (first, longest)
