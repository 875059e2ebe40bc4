"""
From method and path to a route.

A path without parameters is one look-up; of the others those with the fewest parameters come first, and
one path is one resource: `/users/{user_id}/sessions` is no role (OpenAPI 3.1 section 4.8.8.2). Starlette's
router tries every route's pattern in turn, which took longer than all else that a health check does.
"""

from collections.abc import Iterable, Mapping
from re import Pattern

from keystead.web.access import Guarded
from keystead.web.errors import MethodNotAllowed, RouteNotFound

ByMethod = dict[str, Guarded]


class Dispatcher:
    """Knows the routes of one application."""

    def __init__(self, routes: Iterable[Guarded]) -> None:
        self._exact: dict[str, ByMethod] = {}
        self._patterns: dict[Pattern[str], ByMethod] = {}
        for route in sorted(routes, key=lambda route: len(route.param_convertors)):
            if route.param_convertors:
                answers = self._patterns.setdefault(route.path_regex, {})
            else:
                answers = self._exact.setdefault(route.path, {})
            answers[route.method] = route

    def find(self, method: str, path: str) -> tuple[Guarded, Mapping[str, str]]:
        """
        Return the route that answers, and what the path says for its parameters.

        Raises: RouteNotFound: no route has this path. MethodNotAllowed: with every method that is.
        """
        answers, parameters = self._resource(path)
        if method in answers:
            return answers[method], parameters
        allowed = set(answers) | ({"HEAD"} if "GET" in answers else set())
        raise MethodNotAllowed(Allow=", ".join(sorted(allowed)))

    def _resource(self, path: str) -> tuple[ByMethod, Mapping[str, str]]:
        if (answers := self._exact.get(path)) is not None:
            return answers, {}
        for pattern, answers in self._patterns.items():
            if match := pattern.fullmatch(path):
                return answers, match.groupdict()
        raise RouteNotFound
