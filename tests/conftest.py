"""What every test can ask for: a clock, settings, an app on a fresh database, and people."""

import io
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from keystead import logs
from keystead.app import build
from keystead.assembly import open_tools
from keystead.domain.user import Role, UserId
from keystead.flows.tools import Tools
from keystead.settings import PREFIX, Settings, names_of
from keystead.web.shell import Shell
from tests.databases import Database, Server, settings_of
from tests.people import FIREFOX, Person

pytest_plugins = ["tests.databases.chosen", "tests.attacks.ledger"]

HOME = "http://localhost"
"""Where the application is reached in tests: a name that development serves by itself."""

CHEAPEST_ARGON2 = {"argon2_memory_kib": 8, "argon2_iterations": 1, "argon2_parallelism": 1}


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the developer's environment nor their `.env` reaches a test."""
    monkeypatch.chdir(tmp_path)
    known = {name for field in Settings.model_fields for name in names_of(field)}
    for name in os.environ:
        if name.upper() in known or name.upper().startswith((PREFIX, "OTEL_")):
            monkeypatch.delenv(name)


@dataclass
class Clock:
    """A clock that stands still until it is told otherwise."""

    now: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **how_far: float) -> datetime:
        self.now += timedelta(**how_far)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(server_of_databases: Server, tmp_path: Path) -> Iterator[Database]:
    """This test's own, of the kind that the run is on."""
    with server_of_databases.fresh(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def database_of_module(
    server_of_databases: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """One for all tests of a module, which share a server on it."""
    with server_of_databases.fresh(tmp_path_factory.mktemp("module")) as made:
        yield made


MakeSettings = Callable[..., Settings]


@pytest.fixture
def make_settings(database: Database) -> MakeSettings:
    """Settings for a test: fresh database, cheapest hashing, whatever else is given."""

    def make(**given: Any) -> Settings:
        return Settings.load(**{**settings_of(database), **CHEAPEST_ARGON2, **given})

    return make


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings()


@pytest.fixture
async def tools(settings: Settings) -> AsyncIterator[Tools]:
    """Everything a flow needs, on a fresh database."""
    async with open_tools(settings) as opened:
        yield opened


class Service:
    """The application in this process, spoken to over ASGI."""

    def __init__(self, app: Shell) -> None:
        self.app = app
        self._clients: list[httpx.AsyncClient] = []

    @property
    def tools(self) -> Tools:
        """The tools the application works with, to look at what it stored."""
        tools: Tools = self.app.app.state.context.tools
        return tools

    def client(self, ip: str = "192.0.2.1", user_agent: str = FIREFOX) -> httpx.AsyncClient:
        """A browser of its own: separate cookies, a given address."""
        # Errors must come back as responses: that the app answers them is part of the contract.
        transport = httpx.ASGITransport(self.app, client=(ip, 50_000), raise_app_exceptions=True)
        headers = {"User-Agent": user_agent}
        client = httpx.AsyncClient(transport=transport, base_url=HOME, headers=headers)
        self._clients.append(client)
        return client

    async def person(
        self, name: str, role: Role = Role.USER, client: httpx.AsyncClient | None = None
    ) -> Person:
        """Register and sign in *name*@example.com."""
        person = Person(client or self.client(), f"{name}@example.com")
        assert (await person.register()).status_code == 201
        if role is not Role.USER:
            context = self.app.app.state.context
            await context.tools.store.change_role(
                UserId(person.id), role, context.clock(), record=None
            )
        assert (await person.login()).status_code == 200
        return person

    async def again(self, person: Person, **device: str) -> Person:
        """Sign the same account in on another device."""
        other = Person(self.client(**device), person.email, person.password)
        assert (await other.login()).status_code == 200
        return other

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()


@asynccontextmanager
async def serving(settings: Settings, clock: Clock) -> AsyncIterator[Service]:
    """Start the application in this process; two of these on one database are two servers."""
    shell = build(settings, clock)
    async with shell.app.router.lifespan_context(shell.app):
        service = Service(shell)
        try:
            yield service
        finally:
            await service.close()


StartService = Callable[..., Awaitable[Service]]


@pytest.fixture
async def start(make_settings: MakeSettings, clock: Clock) -> AsyncIterator[StartService]:
    """Start a service with settings of the test's choice; several may share the database."""
    async with AsyncExitStack() as stack:

        async def start_one(**given: Any) -> Service:
            return await stack.enter_async_context(serving(make_settings(**given), clock))

        yield start_one


@pytest.fixture
async def service(start: StartService) -> Service:
    return await start()


@pytest.fixture
async def ada(service: Service) -> Person:
    """The one admin."""
    return await service.person("ada", Role.ADMIN)


@pytest.fixture
async def bob(service: Service) -> Person:
    return await service.person("bob")


@pytest.fixture
async def eve(service: Service) -> Person:
    return await service.person("eve")


@pytest.fixture
def anybody(service: Service) -> httpx.AsyncClient:
    """A client without an account."""
    return service.client()


ReadLog = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def read_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[ReadLog]:
    """Log as in production, to a text that the returned function reads, line by line."""
    stream = io.StringIO()
    monkeypatch.setattr(logs, "_lines", logs._lines)
    logs.configure("json", stream)

    def read() -> list[dict[str, Any]]:
        logs.finish()
        return [orjson.loads(line) for line in stream.getvalue().splitlines()]

    yield read
    logs.configure("console")
