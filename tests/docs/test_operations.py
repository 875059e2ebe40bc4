"""docs/operations.md lists every field and event of the log."""

import re

from keystead.domain.errors import Unavailable
from keystead.domain.events import EventName
from keystead.logs import FIELDS
from tests.docs.markdown import ROOT, codes, read, rows, section

TABLES = rows(section(read("docs/operations.md"), "## Logs"))
LISTED_FIELDS = {code for cells in TABLES if len(cells) == 2 for code in codes(cells[0])}
LISTED_EVENTS = {code for cells in TABLES if len(cells) == 3 for code in codes(cells[0])}


def test_every_field_of_the_log_is_listed_and_nothing_else() -> None:
    assert LISTED_FIELDS == FIELDS


def test_every_event_is_listed_and_nothing_else() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    of_the_program = re.findall(r'(?:log\.\w+|tell)\(\s*"(\w+)"', source)
    of_refusals = [fault.code for fault in Unavailable.__subclasses__()]

    assert {*EventName, "request", *of_the_program, *of_refusals} == LISTED_EVENTS
