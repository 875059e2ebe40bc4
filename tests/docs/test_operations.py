"""docs/operations.md lists every field and event of the log, and every limit with its numbers."""

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from fnmatch import fnmatch
from typing import Any

from keystead.domain.errors import Unavailable
from keystead.domain.events import EventName
from keystead.domain.throttle import HOUR, AddressLimits, Limit, ThrottlePolicy
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


def test_what_a_back_up_writes_is_never_committed() -> None:
    ignored = read(".gitignore").splitlines()
    made = re.findall(r"backup\.[a-z.]+|keystead\.archive", read("docs/operations.md"))

    assert {"backup.db", "backup.secrets.json", "backup.dump", "keystead.archive"} <= set(made)
    assert [name for name in made if not any(fnmatch(name, rule) for rule in ignored)] == []


def test_every_field_of_the_log_is_listed_and_nothing_else() -> None:
    assert LISTED_FIELDS == FIELDS


def test_every_event_is_listed_and_nothing_else() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    of_the_program = re.findall(r'(?:log\.\w+|tell)\(\s*"(\w+)"', source)
    of_refusals = [fault.code for fault in Unavailable.__subclasses__()]

    assert {*EventName, "request", *of_the_program, *of_refusals} == LISTED_EVENTS


def test_every_limit_is_listed_with_the_numbers_that_it_has() -> None:
    policy = Settings.load().throttle_policy
    limits = {limit.name: limit for limit in limits_of(policy)}

    assert set(LIMITS) == set(limits)
    for name, limit in limits.items():
        assert LIMITS[name][2] == str(limit.free)
        if limit.free == limit.stop:
            assert limit.memory == HOUR
            assert LIMITS[name][3] == "none until an hour after the first"
    waits = [(limit.first_wait, limit.longest_wait) for limit in (policy.account, policy.device)]
    assert waits == [(timedelta(seconds=1), timedelta(minutes=15))] * 2
    then = LIMITS["account"][3]
    assert then.startswith("one after 1, 2, 4 ... seconds, at most 15 minutes; ")
    assert then.endswith(f"; after {policy.account.stop} in a row none for a year")
    assert policy.account.memory_at_stop == timedelta(days=365)
    assert (
        LIMITS["device"][3] == f"the same waits; after {policy.device.stop} it is known no longer"
    )


def limits_of(policy: ThrottlePolicy) -> Iterator[Limit]:
    for value in vars_of(policy):
        if isinstance(value, AddressLimits):
            yield from vars_of(value)
        elif isinstance(value, Limit):
            yield value


def vars_of(policy: ThrottlePolicy | AddressLimits) -> list[Any]:
    return [getattr(policy, field.name) for field in fields(policy)]
