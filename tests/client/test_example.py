"""examples/notes, started as its README says, beside a real server."""

import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey

from keystead.client.keys import RETRY_SECONDS
from tests.attacks.forge import put_together, take_apart, unsigned
from tests.databases import Database, environment_of, secrets_of
from tests.docs.markdown import ROOT, read
from tests.people import Person
from tests.server.running import (
    Server,
    client_of,
    environment,
    eventually,
    free_port,
    is_listening,
    keystead,
    running,
    start,
)

pytestmark = pytest.mark.only_on(
    "sqlite", because="another service sees nothing of the database behind the API"
)

README = read("examples/notes/README.md")


@contextmanager
def notes_for(port: int, folder: Path) -> Iterator[int]:
    """Start the service beside the Keystead on *port*, as documented. Yields: its own port."""
    found = re.search(r"^\.venv/bin/granian (.*)$", README, re.MULTILINE)
    assert found
    own = free_port()
    arguments = found[1].replace("8000", str(own)).split()
    with (folder / "notes.log").open("wb") as log:
        process = subprocess.Popen(
            [Path(sys.prefix) / "bin" / "granian", *arguments],
            cwd=ROOT,
            env=environment({"KEYSTEAD_URL": f"http://127.0.0.1:{port}"}),
            stdout=log,
            stderr=log,
        )
    try:
        eventually(lambda: is_listening(own))
        yield own
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def server(database: Database) -> Iterator[Server]:
    with running(database, KEYSTEAD_LOG_FORMAT="json") as server:
        yield server


@pytest.fixture
async def notes(server: Server, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    with notes_for(server.port, tmp_path) as port:
        async with client_of(port) as client:
            yield client


@pytest.fixture
async def bob(server: Server) -> AsyncIterator[Person]:
    async with server.client() as client:
        yield await server.person("bob", client)


def questions(server: Server, route: str) -> int:
    """How often the server was asked for *route*, as its log says."""
    return server.output.count(f'"route":"{route}"')


async def test_what_the_readme_shows_is_so(
    server: Server, notes: httpx.AsyncClient, bob: Person, database: Database
) -> None:
    assert (await notes.get("/notes")).status_code == 401
    written = await notes.post("/notes", headers=bob.bearer, json={"text": "buy milk"})
    assert (written.status_code, written.json()) == (201, ["buy milk"])
    assert (await notes.get("/people", headers=bob.bearer)).status_code == 403

    role = ("users", "role", bob.email, "admin")
    assert keystead(database.folder, *role, **environment_of(database)).returncode == 0
    people = await notes.get("/people", headers=bob.bearer)
    assert (people.status_code, people.json()) == (200, {bob.id: 1})

    await bob.client.post("/auth/logout")

    assert (await notes.get("/notes", headers=bob.bearer)).status_code == 200
    for method, path in (("DELETE", "/notes"), ("GET", "/people")):
        refused = await notes.request(method, path, headers=bob.bearer)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert server.is_alive()


async def test_a_flood_of_forged_tokens_does_not_reach_the_server(
    server: Server, notes: httpx.AsyncClient, bob: Person
) -> None:
    assert (await notes.get("/notes", headers=bob.bearer)).status_code == 200
    header, claims = take_apart(bob.access_token)

    for number in range(300):
        token = put_together({**header, "kid": f"made up {number}"}, claims, unsigned)
        forged = {"Authorization": f"Bearer {token}"}
        assert (await notes.delete("/notes", headers=forged)).status_code == 401

    eventually(lambda: questions(server, "/.well-known/jwks.json") > 0)
    assert questions(server, "/.well-known/jwks.json") <= 4
    assert questions(server, "/auth/verify") == 0


async def test_an_outage_and_a_new_key_are_survived(
    server: Server, notes: httpx.AsyncClient, bob: Person, database: Database
) -> None:
    assert (await notes.get("/notes", headers=bob.bearer)).status_code == 200
    server.stop()

    assert (await notes.get("/notes", headers=bob.bearer)).status_code == 200
    away = await notes.delete("/notes", headers=bob.bearer)
    assert (away.status_code, away.headers["retry-after"]) == (503, "5")

    path = secrets_of(database)
    secrets = json.loads(path.read_bytes())
    new = ECKey.generate_key("P-256")
    secrets["signing_keys"].append({**new.as_dict(private=True), "kid": new.thumbprint()})
    path.write_text(json.dumps(secrets))
    again = start(database.folder, server.port, **environment_of(database))
    try:
        eventually(again.is_alive)
        old = bob.bearer
        assert (await bob.login()).status_code == 200
        assert take_apart(bob.access_token)[0]["kid"] == new.thumbprint()
        with httpx.Client(base_url=notes.base_url, trust_env=False) as client:
            eventually(
                lambda: client.get("/notes", headers=bob.bearer).status_code == 200,
                RETRY_SECONDS * 2,
            )
        assert (await notes.get("/notes", headers=old)).status_code == 200
        assert (await notes.delete("/notes", headers=bob.bearer)).status_code == 200
    finally:
        again.stop()
