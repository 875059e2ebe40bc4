"""
The table of password hashes in an attacker's hands.

NIST SP 800-63B-4 section 3.1.1.2; OWASP ASVS 11.4.2, appendix C.
"""

import base64

import argon2
import bcrypt
import pytest
from argon2.exceptions import VerifyMismatchError

from tests.conftest import Service, StartService
from tests.databases import Database, secrets_of
from tests.people import PASSWORD, Person


@pytest.mark.requirement(10)
async def test_what_is_stored_by_default_is_costly_argon2id(
    start: StartService, database: Database
) -> None:
    service = await start(argon2_memory_kib=None, argon2_iterations=None, argon2_parallelism=None)
    await service.person("bob")

    stored = stored_hash(database, "bob@example.com")

    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    *_, salt, digest = stored.split("$")
    assert len(base64.b64decode(salt + "==")) >= 16
    assert len(base64.b64decode(digest + "==")) >= 32


@pytest.mark.requirement(11)
async def test_the_right_password_does_not_match_a_stolen_hash_without_the_pepper(
    bob: Person, database: Database
) -> None:
    stored = stored_hash(database, bob.email)

    assert (await bob.login()).status_code == 200  # It is the right password,
    with pytest.raises(VerifyMismatchError):  # and a dictionary that has it does not find it.
        argon2.PasswordHasher().verify(stored, PASSWORD)


async def test_two_people_with_one_password_have_different_hashes(
    bob: Person, eve: Person, database: Database
) -> None:
    assert bob.password == eve.password
    assert stored_hash(database, bob.email) != stored_hash(database, eve.email)


async def test_the_password_itself_is_nowhere_in_the_database(
    bob: Person, database: Database
) -> None:
    await bob.login()
    loot = database.everything()

    assert bob.email.encode() in loot
    for form in (
        PASSWORD.encode(),
        base64.b64encode(PASSWORD.encode()),
        PASSWORD.encode().hex().encode(),
    ):
        assert form not in loot


@pytest.mark.requirement(10)
async def test_raising_the_cost_renews_a_hash_at_the_next_sign_in(
    start: StartService, database: Database
) -> None:
    bob = await (await start()).person("bob")
    cheap = stored_hash(database, bob.email)
    costlier = await start(argon2_memory_kib=64, argon2_iterations=3)

    wrong = Person(costlier.client(), bob.email, "incorrect horse battery")
    assert (await wrong.login()).status_code == 401
    assert stored_hash(database, bob.email) == cheap
    assert (await costlier.again(bob)).access_token

    assert "$m=64,t=3,p=1$" in stored_hash(database, bob.email)
    assert (await costlier.again(bob)).access_token


@pytest.mark.requirement(10)
async def test_an_older_bcrypt_hash_is_replaced_at_the_next_sign_in(
    service: Service, bob: Person, database: Database
) -> None:
    old = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    assert database.change("users", {}, password_hash=old, pepper_id=None) == 1

    wrong = Person(service.client(), bob.email, "incorrect horse battery")
    assert (await wrong.login()).status_code == 401
    assert (await bob.login()).status_code == 200

    assert stored_hash(database, bob.email).startswith("$argon2id$")
    assert (await bob.login()).status_code == 200


@pytest.mark.parametrize("planted", ["", "x", "$argon2id$", "$2b$", PASSWORD, "$argon2id$v=19$m=8"])
async def test_a_damaged_hash_opens_to_nobody(
    bob: Person, database: Database, planted: str
) -> None:
    assert database.change("users", {}, password_hash=planted) == 1

    for password in (PASSWORD, "", planted):
        bob.password = password
        answer = await bob.login()
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")


@pytest.mark.only_on("sqlite", because="who may read the files of a server is the server's to say")
async def test_nobody_else_on_the_machine_can_read_hashes(bob: Person, database: Database) -> None:
    assert await bob.is_signed_in()

    files = list(database.folder.glob("keystead*"))

    assert {file.suffix for file in files} >= {".db", ".json", ".db-wal"}
    assert {file.name: mode for file in files if (mode := file.stat().st_mode & 0o077)} == {}


async def test_nobody_else_on_the_machine_can_read_the_keys(
    bob: Person, database: Database
) -> None:
    assert await bob.is_signed_in()

    assert secrets_of(database).stat().st_mode & 0o077 == 0


def stored_hash(database: Database, email: str) -> str:
    (user,) = database.rows("users", email=email)
    return str(user["password_hash"])
