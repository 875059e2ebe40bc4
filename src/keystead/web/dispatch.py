"""
From method and path to a route.

A path without parameters is one look-up; the others are tried in order. Starlette's router tries
every route's pattern in turn, which took longer than all else that a health check does.
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
        for route in routes:
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
        exact = self._exact.get(path)
        if exact is not None and method in exact:
            return exact[method], {}
        allowed: set[str] = set()
        for answers, parameters in self._candidates(path):
            if method in answers:
                return answers[method], parameters
            allowed |= set(answers)
        if not allowed:
            raise RouteNotFound
        if "GET" in allowed:
            allowed.add("HEAD")
        raise MethodNotAllowed(Allow=", ".join(sorted(allowed)))

    def _candidates(self, path: str) -> Iterable[tuple[ByMethod, Mapping[str, str]]]:
        if path in self._exact:
            yield self._exact[path], {}
        for pattern, answers in self._patterns.items():
            match = pattern.fullmatch(path)
            if match:
                yield answers, match.groupdict()
