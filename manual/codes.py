"""The table of error codes: the status of each, and which routes answer it."""

from keystead.domain import errors as domain_errors
from keystead.domain.errors import Fault
from keystead.web import errors as web_errors
from keystead.web.errors import status_of
from manual.routes import declared, of_every_route, of_signed_in_routes, sorted_routes
from manual.tables import code, slug, table

HEAD = ("code", "status", "routes")


def table_of_codes() -> str:
    """Return the table of every code, in the order of the alphabet."""
    return table(HEAD, (_line(fault) for fault in sorted(faults(), key=lambda each: each.code)))


def faults() -> set[type[Fault]]:
    """Return every fault that has a code of its own."""
    return {
        fault
        for module in (domain_errors, web_errors)
        for fault in vars(module).values()
        if isinstance(fault, type) and issubclass(fault, Fault) and "code" in vars(fault)
    }


def _line(fault: type[Fault]) -> list[str]:
    return [code(fault.code), str(status_of(fault)), _routes(fault.code)]


def _routes(found: str) -> str:
    if found in of_every_route():
        return "all"
    if found in of_signed_in_routes():
        return "all that need a session"
    return ", ".join(
        f"[{code(name)}](api.md#{slug(name)})"
        for name, route in sorted_routes()
        if found in declared(route)
    )
