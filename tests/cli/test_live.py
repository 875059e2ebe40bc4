"""Commands on the database of a server that runs meanwhile."""

import asyncio
from collections.abc import Iterator
from functools import partial

import httpx
import orjson
import pytest

from tests.cli.conftest import Cli
from tests.databases import Database
from tests.people import PASSWORD, Person
from tests.server.running import Server, running


@pytest.fixture(scope="module")
def server(database_of_module: Database) -> Iterator[Server]:
    with running(database_of_module) as started:
        yield started


@pytest.fixture
def database(database_of_module: Database) -> Database:
    """What the commands here work on: the database of the running server."""
    return database_of_module


async def test_what_a_command_changes_holds_on_the_next_request(server: Server, cli: Cli) -> None:
    run = partial(asyncio.to_thread, cli.done)
    async with server.client() as client:
        bob = await server.person("bob", client)
        assert (await bob.get("/users")).status_code == 403

        await run("users", "role", "bob@example.com", "admin")
        assert (await bob.get("/users")).status_code == 200

        await run("create-admin", "ada@example.com", "--password-stdin", said=PASSWORD)
        await run("users", "role", bob.id, "user")
        assert (await bob.get("/users")).status_code == 403

        await run("users", "disable", "bob@example.com")
        assert await _codes(bob) == ["session_ended", "session_ended", "invalid_credentials"]

        await run("users", "enable", bob.id)
        assert (await bob.login()).status_code == 200

        await run("users", "delete", bob.id, "--yes")
        assert await _codes(bob) == ["session_ended", "session_ended", "invalid_credentials"]
        assert (await bob.register()).status_code == 201


async def test_a_revoked_session_ends_on_the_next_request_and_others_live(
    server: Server, cli: Cli
) -> None:
    run = partial(asyncio.to_thread, cli.done)
    async with server.client() as laptop, server.client() as phone:
        eve = await server.person("eve", laptop)
        other = Person(phone, eve.email)
        assert (await other.login()).status_code == 200
        listed = orjson.loads(await run("sessions", "list", eve.id, "--json"))
        sessions = (await eve.get("/sessions")).json()["sessions"]
        current = next(session["sessionId"] for session in sessions if session["current"])
        assert {session["id"] for session in listed} == {each["sessionId"] for each in sessions}

        await run("sessions", "revoke", eve.email, "--session", current)
        assert not await eve.is_signed_in()
        assert await other.is_signed_in()

        await run("sessions", "revoke", eve.email)
        assert not await other.is_signed_in()
        assert (await other.refresh()).json()["code"] == "session_ended"


async def _codes(person: Person) -> list[str]:
    """What a request, a refresh and a sign-in are refused with."""
    answers: list[httpx.Response] = [
        await person.profile(),
        await person.refresh(),
        await person.login(),
    ]
    return [answer.json().get("code", "ok") for answer in answers]
