"""Keys are replaced while everything runs: nobody is refused, until the old key is retired."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jws

from tests.databases import Database, environment_of, secrets_of
from tests.people import Person, profile_with, refresh_with
from tests.server.running import Server, eventually, keystead, running, running_in

PEOPLE = 4
LEAD = "5s"
NOTICED = ("keys_changed", "keys_unreadable")
USES = ("signing", "refresh", "pepper")


class Keys:
    """`keystead keys ...` beside a server."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run(self, *arguments: str) -> str:
        done = self.attempt(*arguments)
        assert done[0] == 0, done
        return done[1]

    def attempt(self, *arguments: str) -> tuple[int, str, str]:
        done = keystead(self._database.folder, "keys", *arguments, **environment_of(self._database))
        return done.returncode, done.stdout, done.stderr

    def rotate(self, use: str) -> str:
        """Returns: the id of the key that takes over in a moment."""
        return str(json.loads(self.run("rotate", use, "--in", LEAD, "--json"))["id"])

    def ids(self, state: str) -> dict[str, str]:
        lines: list[dict[str, Any]] = json.loads(self.run("list", "--json"))
        return {line["use"]: line["id"] for line in lines if line["state"] == state}


@pytest.fixture
def keys(database: Database) -> Keys:
    return Keys(database)


@pytest.fixture
def server(database: Database) -> Iterator[Server]:
    with running(database, "--workers", "2") as started:
        yield started


@pytest.mark.requirement(47)
@pytest.mark.timeout(180)  # A dozen commands, each of which a busy machine takes seconds to start.
async def test_all_keys_are_rotated_under_load_and_nobody_is_refused(
    server: Server, keys: Keys
) -> None:
    clients = [server.client() for _ in range(PEOPLE)]
    people = [await server.person(f"p{n}", client) for n, client in enumerate(clients)]
    idle = await _signed_in_again(server, people[0])
    before, old_token = keys.ids("active"), idle.access_token
    seen: dict[int, int] = {}
    is_over = asyncio.Event()
    using = [asyncio.create_task(_use(person, seen, is_over)) for person in people]

    waiting = {use: await asyncio.to_thread(keys.rotate, use) for use in USES}
    published = await _published(clients[0])
    await _until_active(keys, waiting)
    await asyncio.sleep(3)  # A process looks every two seconds: old and new are used at once.
    is_over.set()
    await asyncio.gather(*using)

    assert set(seen) == {200}, seen
    assert seen[200] > 100
    assert {before["signing"], waiting["signing"]} <= published
    assert _kid(people[0].access_token) == waiting["signing"]
    assert (await profile_with(clients[0], old_token)).status_code == 200

    for use in ("signing", "refresh"):
        code, _, reason = await asyncio.to_thread(keys.attempt, "retire", use, before[use])
        assert code == 1
        assert "good until" in reason
        await asyncio.to_thread(keys.run, "retire", use, before[use], "--at-once")
    await _until(lambda: _refused(clients[0], old_token))

    assert before["signing"] not in await _published(clients[0])
    assert (await refresh_with(clients[0], idle.refresh_token)).status_code == 401
    for person in people:
        assert (await person.refresh()).status_code == 200
        assert await person.is_signed_in()
    assert "audit_damaged" not in server.output
    for client in (*clients, idle.client):
        await client.aclose()


@pytest.mark.timeout(120)  # Half a dozen commands.
async def test_a_pepper_is_not_retired_while_passwords_need_it(server: Server, keys: Keys) -> None:
    async with server.client() as one, server.client() as two:
        bob, eve = await server.person("bob", one), await server.person("eve", two)
        await _until_active(keys, {"pepper": keys.rotate("pepper")})
        await asyncio.sleep(3)
        assert (await bob.login()).status_code == 200

        assert "1 accounts have not signed in" in keys.attempt("retire", "pepper", "1")[2]
        assert (await eve.login()).status_code == 200
        keys.run("retire", "pepper", "1")

        await asyncio.sleep(3)
        for person in (bob, eve):
            assert (await person.login()).status_code == 200


@pytest.mark.timeout(150)  # Eight commands.
async def test_what_would_lock_everybody_out_is_refused(database: Database, keys: Keys) -> None:
    with running(database):
        pass

    assert (
        "active signing key" in keys.attempt("retire", "signing", keys.ids("active")["signing"])[2]
    )
    assert "no signing key -begins" in keys.attempt("retire", "signing", "-begins")[2]
    assert "no refresh key 7" in keys.attempt("retire", "refresh", "7")[2]
    assert "5s at the earliest" in keys.attempt("rotate", "signing", "--in", "1s")[2]
    keys.run("rotate", "signing")
    assert "waits already" in keys.attempt("rotate", "signing")[2]
    keys.run("retire", "signing", keys.ids("next")["signing"])
    assert keys.ids("next") == {}


async def test_a_file_that_is_lost_while_a_server_runs_signs_nobody_out(database: Database) -> None:
    # One process: of two, the second may not have started yet, and would not without the file.
    with running(database) as server:
        await _lose_the_secrets(server, database)


async def _lose_the_secrets(server: Server, database: Database) -> None:
    async with server.client() as client:
        bob = await server.person("bob", client)
        path, aside = secrets_of(database), secrets_of(database).with_suffix(".aside")
        path.rename(aside)
        await asyncio.to_thread(eventually, lambda: "keys_unreadable" in server.output)

        assert await bob.is_signed_in()
        assert (await bob.refresh()).status_code == 200

        aside.rename(path)
        assert (await bob.login()).status_code == 200


async def test_keys_of_another_installation_are_not_taken_over_by_a_running_server(
    database: Database, tmp_path: Path
) -> None:
    other = tmp_path / "other.json"
    other.write_text(keystead(tmp_path, "keys", "new").stdout)
    other.chmod(0o600)
    with running(database) as server:
        async with server.client() as one, server.client() as two, server.client() as three:
            bob = await server.person("bob", one)
            path, aside = secrets_of(database), secrets_of(database).with_suffix(".aside")
            path.rename(aside)
            other.rename(path)
            await asyncio.to_thread(
                eventually, lambda: any(word in server.output for word in NOTICED)
            )

            assert "belongs to another database" in server.output
            assert (await bob.login()).status_code == 200
            eve = await server.person("eve", two)

            aside.rename(path)
            rotated = await asyncio.to_thread(Keys(database).rotate, "signing")
            await _until(lambda: _publishes(three, rotated))
            for person in (bob, eve):
                assert (await person.login()).status_code == 200
        verified = keystead(database.folder, "audit", "verify", **environment_of(database))
        assert verified.returncode == 0, verified.stderr


def test_keys_come_from_the_environment_or_a_mounted_folder(
    database: Database, tmp_path: Path
) -> None:
    content = keystead(tmp_path, "keys", "new").stdout
    given = {name: value for name, value in environment_of(database).items() if "URL" in name}
    with running_in(database.folder, **given, KEYSTEAD_SECRETS=content) as server:
        assert server.is_alive()
    assert not secrets_of(database).exists()
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    (mounted / "KEYSTEAD_SECRETS").write_text(content)
    (mounted / "KEYSTEAD_DATABASE_URL").write_text(f"{database.url}\n")
    with running_in(database.folder, KEYSTEAD_SECRETS_DIR=str(mounted)) as server:
        assert server.is_alive()

    other = keystead(tmp_path, "keys", "new").stdout
    refused = keystead(database.folder, "serve", **given, KEYSTEAD_SECRETS=other)

    assert refused.returncode == 1
    assert "KEYSTEAD_SECRETS belongs to another database" in refused.stderr


async def _use(person: Person, seen: dict[int, int], is_over: asyncio.Event) -> None:
    while not is_over.is_set():
        for answer in (await person.profile(), await person.refresh(), await person.login()):
            seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
        await asyncio.sleep(0.02)


async def _signed_in_again(server: Server, person: Person) -> Person:
    other = Person(server.client(), person.email)
    assert (await other.login()).status_code == 200
    return other


async def _published(client: httpx.AsyncClient) -> set[str]:
    """What both processes publish, once they have looked."""
    await asyncio.sleep(2.5)
    answer = await client.get("/.well-known/jwks.json")
    return {key["kid"] for key in answer.json()["keys"]}


async def _publishes(client: httpx.AsyncClient, kid: str) -> bool:
    answer = await client.get("/.well-known/jwks.json")
    return kid in {key["kid"] for key in answer.json()["keys"]}


def _kid(access_token: str) -> str:
    return str(jws.extract_compact(access_token.encode()).headers()["kid"])


async def _until_active(keys: Keys, wanted: dict[str, str]) -> None:
    for _ in range(40):
        if wanted.items() <= (await asyncio.to_thread(keys.ids, "active")).items():
            return
        await asyncio.sleep(0.25)
    raise AssertionError("the keys did not become active")


async def _refused(client: httpx.AsyncClient, token: str) -> bool:
    answers = [(await profile_with(client, token)).status_code for _ in range(4)]
    return answers == [401] * 4


async def _until(condition: Any) -> None:
    for _ in range(60):
        if await condition():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("not within 6 s")
