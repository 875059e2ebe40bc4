"""The table of routes: who may use each, what it answers and how it refuses, as each declares it."""

import re
from functools import cache, reduce

from keystead.app import all_routes
from keystead.domain.permissions import TABLE, Permission, Reach
from keystead.domain.step_up import StepUp
from keystead.domain.user import Role
from keystead.settings import Settings
from keystead.web.access import PUBLIC, Access, Guarded
from manual.tables import code, codes, slug, table

HEAD = ("route", "who, by permission", "recent sign-in", "success", "refuses with")

RECENT = {None: "", StepUp.ADDED: "unless `off`", StepUp.ALL: "with `all`"}
"""In terms of KEYSTEAD_STEP_UP: when the route asks for it."""


def table_of_routes() -> str:
    """Return the table of all routes, in the order of their paths."""
    return table(HEAD, (_line(name, route) for name, route in sorted_routes()))


@cache
def sorted_routes() -> list[tuple[str, Guarded]]:
    """Return every route with its name, such as `GET /users`, in the order of their paths."""
    routes = all_routes(Settings.model_construct(api_docs=True))
    found = [(f"{route.method} {route.path}", route) for route in routes]
    return sorted(found, key=lambda each: (each[1].path, each[1].method))


def who(access: Access) -> str:
    """Return who may use a route with this access, in the words of the documents."""
    if access == PUBLIC:
        return "anyone"
    if access.permission is None:
        return "signed in"
    return _holders(access.permission)


def declared(route: Guarded) -> set[str]:
    """Return the codes that a route declares."""
    return {
        found
        for answer in route.responses.values()
        for found in re.findall(r"`([^`]+)`", answer["description"])
    }


def of_every_route() -> set[str]:
    """Return the codes that all routes declare."""
    return reduce(set.__and__, (declared(route) for _, route in sorted_routes()))


def of_signed_in_routes() -> set[str]:
    """Return the further codes that all routes declare which need a session."""
    needing = [declared(route) for _, route in sorted_routes() if route.access.needs_session]
    return reduce(set.__and__, needing) - of_every_route()


def _line(name: str, route: Guarded) -> list[str]:
    access = route.access
    known = of_every_route() | (of_signed_in_routes() if access.needs_session else set())
    return [
        f"[{code(name)}](api.md#{slug(name)})",
        who(access) + (f": {code(access.permission)}" if access.permission else ""),
        RECENT[access.recent],
        str(route.status_code),
        codes(declared(route) - known),
    ]


def _holders(permission: Permission) -> str:
    """Who has it; what the documents have no word for is written out."""
    reaches = {role: TABLE[role].get(permission) for role in Role}
    match reaches[Role.ADMIN], reaches[Role.USER]:
        case Reach.ALL, Reach.ALL:
            return "everybody"
        case Reach.ALL, Reach.OWN:
            return "owner, admin"
        case Reach.ALL, None:
            return "admin"
        case None, None:
            return "nobody"
        case _:
            return str(reaches)
