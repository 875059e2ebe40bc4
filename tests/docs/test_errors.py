"""docs/errors.md lists every code with its status, and nothing else."""

import re

from keystead.domain import errors as domain_errors
from keystead.settings import Settings, names_of
from keystead.web.errors import body_of, status_of
from keystead.web.hints import HINTS, PAGES, hint_for
from manual.codes import faults
from tests.docs.markdown import anchors, codes, read, rows

FAULTS = faults()


def listed() -> list[tuple[str, int]]:
    by_hand = read("docs/errors.md").partition("<!-- reference: codes -->")[0]
    lines = [cells for cells in rows(by_hand) if cells[1].isdecimal()]
    return [(codes(cells[0])[0], int(cells[1])) for cells in lines]


def test_every_code_is_listed_with_its_status_and_nothing_else() -> None:
    assert len(FAULTS) > 20
    assert sorted(listed()) == sorted((fault.code, status_of(fault)) for fault in FAULTS)


def test_no_two_faults_share_a_code() -> None:
    assert len({fault.code for fault in FAULTS}) == len(FAULTS)


def test_the_type_of_a_problem_is_the_urn_that_is_documented() -> None:
    assert "`urn:keystead:problem:`" in read("docs/errors.md")
    assert body_of(domain_errors.EmailTaken(), "r")["type"] == "urn:keystead:problem:email_taken"


def test_every_member_of_a_problem_is_documented() -> None:
    fault = domain_errors.InputInvalid(domain_errors.FieldError("email", "wrong"))
    listed_members = {
        codes(cells[0])[0] for cells in rows(read("docs/errors.md")) if not cells[1].isdecimal()
    }

    assert listed_members == {*body_of(fault, "r"), "hint"}


def test_every_401_and_403_has_a_hint_that_leads_to_its_page() -> None:
    refusals = {fault for fault in FAULTS if status_of(fault) in PAGES}
    of_families = {"unauthenticated"}

    assert {fault.code for fault in refusals} - of_families == set(HINTS)
    for status, page in PAGES.items():
        name, _, anchor = page.partition("#")
        assert anchor in anchors(read(name))
        assert hint_for(status, "no such code") is None


def test_the_routes_settings_and_commands_that_hints_name_exist() -> None:
    settings = {name for field in Settings.model_fields for name in names_of(field)}
    routes = read("tests/snapshots/routes.txt")
    text = " ".join(HINTS.values())

    assert set(re.findall(r"\b[A-Z]+_[A-Z_]+\b", text)) <= settings
    for method, path in re.findall(r"\b(GET|POST) (/[a-z/]+)", text):
        assert re.search(rf"^{method} +{path} ", routes, re.MULTILINE), path
