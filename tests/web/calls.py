"""Every route of the application, and a request that it answers."""

from dataclasses import dataclass, field

import httpx

from keystead.app import all_routes
from keystead.settings import Settings
from keystead.web import pages
from keystead.web.access import Guarded
from tests.conftest import Service
from tests.people import PASSWORD, Person

ROUTES: list[Guarded] = all_routes(Settings.model_construct(api_docs=True))


def key(route: Guarded) -> str:
    """Return `METHOD /path`, which names a route in every table."""
    return f"{route.method} {route.path}"


KEYS = [key(route) for route in ROUTES]

PAGES = {key(route) for routes in pages.ROUTES.values() for route in routes}

HIDDEN = {"GET /docs", "GET /docs/{file}", "GET /openapi.json", *PAGES}
DOCUMENTED = [route for route in KEYS if route not in HIDDEN]

NEEDS_NO_DATABASE = {
    "GET /livez",
    "GET /.well-known/jwks.json",
    "GET /openapi.json",
    "GET /docs",
    "GET /docs/{file}",
    *PAGES,
}


@dataclass
class Caller:
    """Somebody who asks, with whatever credentials they hold, and about whom."""

    client: httpx.AsyncClient
    subject: Person
    session_id: str
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(self, route: str) -> httpx.Response:
        """Send a request that *route* (`METHOD /path`) would answer, were it from anybody."""
        method, _, template = route.partition(" ")
        path = template.format(
            user_id=self.subject.id,
            session_id=self.session_id,
            role="user",
            file="start.js" if template.startswith("/docs") else "base.css",
            id=self.subject.id,
            page="register" if template.startswith("/account") else "users",
            version="0",
        )
        return await self.client.request(method, path, json=self._body(route), headers=self.headers)

    def _body(self, route: str) -> dict[str, str] | None:
        match route:
            case "POST /auth/register":
                return {"email": "new@example.com", "password": PASSWORD}
            case "POST /auth/reauthenticate":
                return {"password": PASSWORD}
            case "POST /auth/login":
                return self.subject.credentials
            case "PUT /users/{user_id}/status":
                return {"status": "disabled"}
            case _:
                return None


async def caller(person: Person, subject: Person) -> Caller:
    """Let *person* ask about *subject*, with everything *person* holds."""
    return Caller(person.client, subject, await session_of(subject), person.bearer)


async def stranger(service: Service, subject: Person) -> Caller:
    """Let somebody without any credentials ask about *subject*."""
    return Caller(service.client(), subject, await session_of(subject))


async def session_of(person: Person) -> str:
    """Return the id of the session that *person* uses."""
    session_id: str = (await person.profile()).json()["session"]["sessionId"]
    return session_id
