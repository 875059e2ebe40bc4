"""README.md and docs/api.md list every route: who may use it, what it answers, how it refuses."""

import re

import pytest

from keystead.app import all_routes
from keystead.domain.permissions import TABLE, Permission, Reach
from keystead.domain.user import Role
from keystead.settings import Settings
from keystead.web.access import NEEDS
from manual.routes import declared, who
from tests.docs.markdown import codes, headings, read, rows, section

ROUTES = {
    f"{method} {route.path}": route
    for route in all_routes(Settings.model_construct(api_docs=True))
    for method in route.methods or ()
}

README_TABLE = rows(section(read("README.md"), "## The API"))
API = read("docs/api.md")
OF_EVERY_ROUTE, OF_BODIES, OF_SESSIONS = (
    set(codes(cells[1])) for cells in rows(section(API, "## Conventions"))
)


def line(name: str, label: str) -> str:
    """A line of a route's section, with its indented continuation."""
    found = re.search(
        rf"^- \*\*{label}\*\*:? ?(.*(?:\n  .*)*)", section(API, f"### `{name}`"), re.MULTILINE
    )
    return found[1] if found else ""


@pytest.mark.parametrize(
    ("admin", "user", "words"),
    [
        (Reach.ALL, Reach.ALL, "everybody"),
        (Reach.ALL, Reach.OWN, "owner, admin"),
        (Reach.ALL, None, "admin"),
        (None, None, "nobody"),
    ],
)
def test_every_change_of_the_table_changes_the_words(
    monkeypatch: pytest.MonkeyPatch, admin: Reach | None, user: Reach | None, words: str
) -> None:
    for role, reach in ((Role.ADMIN, admin), (Role.USER, user)):
        row = {} if reach is None else {Permission.USERS_LIST: reach}
        monkeypatch.setitem(TABLE, role, row)

    assert who(NEEDS(Permission.USERS_LIST)) == words


def test_the_readme_lists_every_route_with_who_may_use_it_and_its_status() -> None:
    listed = {(codes(cells[0])[0], cells[1], cells[2].partition(",")[0]) for cells in README_TABLE}

    real = {(name, who(route.access), str(route.status_code)) for name, route in ROUTES.items()}

    assert listed == real
    assert len(README_TABLE) == len(ROUTES)


def test_the_api_document_has_one_section_for_every_route() -> None:
    found = [codes(heading)[0] for heading in headings(API) if heading.startswith("### `")]

    assert sorted(found) == sorted(ROUTES)


@pytest.mark.parametrize("name", ROUTES)
def test_a_section_says_who_may_use_the_route_and_its_status(name: str) -> None:
    route = ROUTES[name]

    assert re.split(r" who ", line(name, "Who"))[0] == who(route.access)
    assert line(name, "Success").startswith(f"{route.status_code},")


@pytest.mark.parametrize("name", ROUTES)
def test_a_section_names_every_code_that_is_particular_to_the_route(name: str) -> None:
    route = ROUTES[name]
    has_body = {"json_invalid"} <= declared(route)
    known = OF_EVERY_ROUTE | (OF_BODIES if has_body else set())
    known |= OF_SESSIONS if route.access.needs_session else set()

    refusals = re.split(r"\.\s", line(name, "Refuses with"))[0]

    assert set(codes(refusals)) == declared(route) - known


def test_what_is_said_to_hold_for_many_routes_holds() -> None:
    for route in ROUTES.values():
        assert declared(route) >= {"store_unavailable", "internal_error"}
        assert not route.access.needs_session or declared(route) >= OF_SESSIONS
