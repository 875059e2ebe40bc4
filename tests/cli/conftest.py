"""The command line, run in this process on a fresh database in the working directory."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
import pytest
from typer.testing import CliRunner, Result

from keystead import logs
from keystead.assembly import open_tools
from keystead.cli import keystead
from keystead.domain.session import Origin
from keystead.domain.user import Role, User
from keystead.flows.login import login
from keystead.flows.register import register
from keystead.flows.tools import Tools
from keystead.settings import Settings
from tests.conftest import CHEAPEST_ARGON2
from tests.databases import Database, environment_of
from tests.people import FIREFOX, PASSWORD

T = TypeVar("T")

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Cli:
    """Runs commands, and looks at what they did."""

    def run(self, *arguments: str, said: str | None = None) -> Result:
        """Run a command to its end, with *said* on standard input."""
        return CliRunner().invoke(keystead, arguments, input=said)

    def done(self, *arguments: str, said: str | None = None) -> str:
        """Run a command that must succeed. Returns: what it printed."""
        result = self.run(*arguments, said=said)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: str) -> Any:
        """Run a command that must succeed with `--json`. Returns: what it printed."""
        return orjson.loads(self.done(*arguments, "--json"))

    def refused(self, *arguments: str, code: int = 1, said: str | None = None) -> str:
        """Run a command that must be refused. Returns: the reason."""
        result = self.run(*arguments, said=said)
        assert result.exit_code == code, result.output
        assert isinstance(result.exception, SystemExit)
        assert not result.stdout
        return result.stderr

    def work(self, job: Callable[[Tools], Awaitable[T]]) -> T:
        """Do *job* with the tools that every command has."""

        async def connected() -> T:
            async with open_tools(Settings.load()) as tools:
                return await job(tools)

        return asyncio.run(connected())

    def user(self, name: str, role: Role = Role.USER) -> User:
        """Register *name*@example.com."""
        return self.work(lambda tools: register(tools, f"{name}@example.com", PASSWORD, NOW, role))

    def sign_in(self, name: str, now: datetime, ip: str = "192.0.2.1") -> str:
        """Open a session. Returns: its id."""
        pair = self.work(
            lambda tools: login(
                tools.asked_from(Origin(ip, FIREFOX)), f"{name}@example.com", PASSWORD, now
            )
        )
        return str(pair.signed_in.session.id)


@pytest.fixture
def cli(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    for name, value in environment_of(database).items():
        monkeypatch.setenv(name, value)
    for name, number in CHEAPEST_ARGON2.items():
        monkeypatch.setenv(f"KEYSTEAD_{name.upper()}", str(number))
    yield Cli()
    logs.configure("console")  # Not into the output of a command that has ended.
