"""`keystead import reference`, on a database as the reference system leaves it behind."""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from bson import Binary, Int64, ObjectId

from keystead.domain.reference import new_id
from tests.cli.conftest import Cli
from tests.conftest import StartService
from tests.databases import NoServer
from tests.databases.mongo import MongoDatabase, MongoServer, serving
from tests.people import PASSWORD, Person
from tests.server.running import keystead

DAY = timedelta(days=1)
MADE = datetime(2024, 1, 2, 3, 4, 5, 678_000, UTC)
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoServer]:
    try:
        with serving(tmp_path_factory.mktemp("reference")) as started:
            yield started
    except NoServer as reason:
        # In CI the run on MongoDB has one; the others need not.
        is_needed = os.environ.get("KEYSTEAD_TEST_STORE") == "mongo"
        if os.environ.get("CI") == "true" and is_needed:
            pytest.fail(str(reason))
        pytest.skip(str(reason))


@pytest.fixture
def reference(server: MongoServer) -> MongoDatabase:
    """An empty database for the other system."""
    return server.unmigrated()


def user(email: Any, **fields: Any) -> dict[str, Any]:
    made = {"email": email, "password": HASH, "role": "user", "createdAt": MADE, "updatedAt": MADE}
    return {"_id": ObjectId(), **made, **fields, "__v": 0}


def put(reference: MongoDatabase, *users: Any) -> None:
    reference.db["users"].insert_many(users)


@pytest.mark.timeout(180)
def test_a_thousand_users_are_imported_with_their_roles_and_times(
    cli: Cli, reference: MongoDatabase
) -> None:
    documents: list[dict[str, Any]] = [
        user(f"user{n:03}@example.com", role="user" if n else "admin", createdAt=MADE + n * DAY)
        for n in range(1000)
    ]
    put(reference, *documents)
    reference.db["sessions"].insert_many([{"n": n} for n in range(3)])

    said = cli.json("import", "reference", "--from", reference.url)

    assert len(said["imported"]) == 1000
    assert said["left_out"] == []
    assert said["has_admin"] is True
    assert said["not_carried"]["sessions"].startswith("3 are not carried")
    assert {each["old_id"]: each["id"] for each in said["imported"]} == {
        str(each["_id"]): new_id(str(each["_id"])) for each in documents
    }
    listed = cli.json("users", "list")
    assert [each["email"] for each in listed] == [each["email"] for each in documents]
    assert [each["role"] for each in listed] == ["admin"] + 999 * ["user"]
    assert listed[7]["created"] == (MADE + 7 * DAY).isoformat(timespec="seconds")


def test_broken_documents_are_named_and_the_others_imported(
    cli: Cli, reference: MongoDatabase
) -> None:
    good = user("good@example.com")
    broken: list[dict[str, Any]] = [
        {"_id": ObjectId()},
        {"_id": "a text\x1b[31m", "email": "text@example.com"},
        {"_id": 7, "email": "number@example.com"},
        user(None),
        user(Int64(7)),
        user(Binary(b"bytes@example.com")),
        user({"$gt": ""}),
        user("bad hash@example.com"),
        user("hash@example.com", password="plain text"),
        user("argon@example.com", password="$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA"),
        user("role@example.com", role="superuser"),
    ]
    put(reference, good, *broken)

    result = cli.run("import", "reference", "--from", reference.url)

    assert result.exit_code == 0, result.output
    assert "1 accounts were imported; 0 are here already" in result.stdout
    assert f"{len(broken)} were left out:" in result.stdout
    assert "a text\\x1b[31m: its _id is no ObjectId" in result.stdout
    for each in broken[3:]:  # the others have no ObjectId
        assert f"  {each['_id']}: " in result.stdout
    assert "no admin" in result.stderr
    assert [each["email"] for each in cli.json("users", "list")] == ["good@example.com"]


async def test_they_sign_in_over_http_with_the_passwords_they_have(
    cli: Cli, start: StartService, reference: MongoDatabase
) -> None:
    long = "ä" * 50  # 100 bytes, of which that system looked at 72
    long_hash = bcrypt.hashpw(long.encode()[:72], bcrypt.gensalt(4, b"2a")).decode()
    put(reference, user("Bob@Example.com"), user("eve@example.com", password=long_hash))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KEYSTEAD_IMPORT_FROM", reference.url)
        await asyncio.to_thread(cli.done, "import", "reference")
    service = await start()

    for email, password in (("bob@example.com", PASSWORD), ("eve@example.com", long)):
        person = Person(service.client(), email, password)
        for _ in range(2):
            assert (await person.login()).status_code == 200
        assert await person.is_signed_in()
        person.password = password[:-1]
        assert (await person.login()).status_code == 401


def test_a_rehearsal_changes_nothing_and_a_second_run_neither(
    cli: Cli, reference: MongoDatabase
) -> None:
    put(reference, user("bob@example.com"), user("ada@example.com", role="admin"))
    command = ("import", "reference", "--from", reference.url)

    assert "2 accounts would be imported" in cli.done(*command, "--dry-run")
    assert cli.json("users", "list") == []
    assert "2 accounts were imported" in cli.done(*command)
    before = cli.json("users", "list")
    assert "0 accounts were imported; 2 are here already" in cli.done(*command)
    assert cli.json("users", "list") == before


def test_a_database_without_users_is_most_likely_the_wrong_one(
    cli: Cli, reference: MongoDatabase
) -> None:
    result = cli.run("import", "reference", "--from", reference.url)

    assert result.exit_code == 1
    assert "does the URL name the right one" in result.stderr


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://user:s3cr3t/x@host/name",
        "mongodb://",
        "postgresql://user:s3cr3t@host/name",
        "mongodb://user:s3cr3t@host:port/name",
        "mongodb://user:s3cr3t@host/name?tls=s3cr3t",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_and_not_repeated(cli: Cli, url: str) -> None:
    said = cli.refused("import", "reference", "--from", url, code=2)

    assert said.startswith("keystead: ")
    assert "s3cr3t" not in said


def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    # In a process of its own: the driver leaves a socket open if it is closed while it connects.
    url = "mongodb://user:s3cr3t@127.0.0.1:1/name"
    result = keystead(tmp_path, "import", "reference", "--from", url)

    assert result.returncode == 1
    assert "does not answer" in result.stderr
    assert "s3cr3t" not in result.stderr + result.stdout
