"""
Changing something by following a link: GET, HEAD and OPTIONS never do.

RFC 9110 section 9.2.1; OWASP ASVS 3.5.3. The clock stands still, so that the only thing a read may
write - when the session was last used - is not due.
"""

import pytest

from tests.conftest import Service
from tests.databases import Database, content
from tests.people import COOKIE, Person

BODY = {
    "email": "eve@example.com",
    "password": "correct horse battery staple",
    "status": "disabled",
}


@pytest.mark.requirement(72)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
async def test_no_safe_method_on_any_path_changes_the_database(
    service: Service, ada: Person, bob: Person, eve: Person, database: Database, method: str
) -> None:
    session = (await eve.profile()).json()["session"]["sessionId"]
    before = content(database)
    paths = [
        path for route in service.app.app.router.routes for path in fill(route, eve.id, session)
    ]
    assert len(paths) > 15

    for path in paths:
        for person in (ada, bob, eve):
            headers = {**person.bearer, "Cookie": f"{COOKIE}={person.refresh_token}"}
            answer = await service.client().request(method, path, headers=headers, json=BODY)
            assert answer.status_code < 500
            assert "set-cookie" not in answer.headers

    assert content(database) == before
    for person in (ada, bob, eve):
        assert (await person.refresh()).status_code == 200


@pytest.mark.requirement(72)
@pytest.mark.parametrize(
    "name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"]
)
async def test_no_header_or_parameter_turns_a_read_into_a_write(
    service: Service, ada: Person, bob: Person, database: Database, name: str
) -> None:
    before = content(database)
    for method in ("DELETE", "PUT", "POST"):
        for path in (f"/users/{bob.id}", "/sessions", "/users"):
            await service.client().get(
                path, headers={**ada.bearer, name: method}, params={name: method}
            )
            await service.client().get(path, headers={**ada.bearer, name: method})

    assert content(database) == before
    assert await bob.is_signed_in()


PAGES = ("profile", "users")
"""One of each of the two areas of pages."""


def fill(route: object, user_id: str, session_id: str) -> list[str]:
    path = str(getattr(route, "path", "")).replace("{id}", user_id).replace("{version}", "0")
    if path.startswith(("/account", "/admin")):
        return [path.replace("{page}", name).replace("{file}", "base.css") for name in PAGES]
    roles = [path.replace("{role}", role) for role in ("admin", "user")]
    return [
        role.replace("{user_id}", user_id).replace("{session_id}", session_id) for role in roles
    ]
