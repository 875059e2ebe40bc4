"""The Postman collection has a request for every route."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from keystead.web import docs, pages
from tests.docs.markdown import read
from tests.web.calls import ROUTES, key

COLLECTION = json.loads(read("postman/keystead.postman_collection.json"))

FILES = {
    key(route)
    for routes in (docs.routes, *pages.ROUTES.values())
    for route in routes
    if "{" in route.path
}
"""Parts of pages, which ask for them themselves."""


@pytest.mark.parametrize("route", [key(route) for route in ROUTES if key(route) not in FILES])
def test_every_route_has_a_request(route: str) -> None:
    method, _, template = route.partition(" ")
    # What stands for an id is a variable of the collection; a role is a word, and so is "status".
    pattern = re.sub(r"\\{\w+_id\\}", r"[^/]+", re.escape(template))
    pattern = pattern.replace(r"\{role\}", "(?:admin|user)")

    assert [path for sent, path in requests() if sent == method and re.fullmatch(pattern, path)]


def requests() -> Iterator[tuple[str, str]]:
    """Method and path of every request."""
    pending: list[dict[str, Any]] = [COLLECTION]
    while pending:
        part = pending.pop()
        pending += part.get("item", [])
        if "request" in part:
            yield part["request"]["method"], "/" + "/".join(part["request"]["url"]["path"])
