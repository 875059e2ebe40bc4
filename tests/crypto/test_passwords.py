"""Password hashes: OWASP ASVS 11.4.2, NIST SP 800-63B-4 section 3.1.1.2, CVE-2025-22228."""

import asyncio
import base64
import hmac
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

import argon2
import bcrypt
import pytest

from keystead.crypto.keyring import Keyring, derive
from keystead.crypto.passwords import (
    QUEUE_PER_WORKER,
    RESERVED_PER_WORKER,
    Argon2Profile,
    PepperedPasswords,
)
from keystead.crypto.random import new_master_key
from keystead.domain.errors import HashingBusy
from keystead.domain.user import PasswordHash

CHEAPEST = Argon2Profile(8, 1, 1)
PASSWORD = "correct horse battery staple"
WAITING = QUEUE_PER_WORKER + RESERVED_PER_WORKER
PLACES = 1 + WAITING


@pytest.fixture
def passwords(keyring: Keyring) -> Iterator[PepperedPasswords]:
    passwords = PepperedPasswords(keyring, CHEAPEST, workers=1)
    yield passwords
    passwords.close()


class Gated(PepperedPasswords):
    """Waits at each check until the gate opens, and counts the checks."""

    def __init__(self, keyring: Keyring) -> None:
        self.gate, self.is_checking, self.count = threading.Event(), threading.Event(), 0
        super().__init__(keyring, CHEAPEST, workers=1)

    def _verify(self, password: str, stored: PasswordHash) -> bool:
        self.is_checking.set()
        self.gate.wait(10)
        self.count += 1
        return super()._verify(password, stored)


@pytest.fixture
def gated(keyring: Keyring) -> Iterator[Gated]:
    gated = Gated(keyring)
    yield gated
    gated.gate.set()
    gated.close()


async def test_a_hash_names_its_parameters(keyring: Keyring) -> None:
    passwords = PepperedPasswords(keyring, Argon2Profile(19_456, 2, 1), workers=1)

    stored = await passwords.hash(PASSWORD)

    assert stored.text.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    found = argon2.extract_parameters(stored.text)
    assert (found.salt_len, found.hash_len) == (16, 32)
    assert stored.pepper_id == 1
    assert await passwords.verify(PASSWORD, stored)


async def test_no_two_hashes_are_alike(passwords: PepperedPasswords) -> None:
    hashes = {(await passwords.hash(PASSWORD)).text for _ in range(20)}

    assert len(hashes) == 20


async def test_without_the_pepper_a_hash_cannot_be_tried(
    passwords: PepperedPasswords, keyring: Keyring, other_keyring: Keyring
) -> None:
    stored = await passwords.hash(PASSWORD)
    plain = argon2.PasswordHasher()
    elsewhere = PepperedPasswords(other_keyring, CHEAPEST, workers=1)

    # What somebody with the database, and the very password, gets out of it:
    with pytest.raises(argon2.exceptions.VerifyMismatchError):
        plain.verify(stored.text, PASSWORD)
    assert not await passwords.verify(PASSWORD, replace(stored, pepper_id=None))
    assert not await elsewhere.verify(PASSWORD, stored)

    pepper = derive(keyring.master_keys[1], "password pepper")
    seasoned = base64.b64encode(hmac.digest(pepper, PASSWORD.encode(), "sha256"))
    assert plain.verify(stored.text, seasoned)


@pytest.mark.parametrize(
    "password", ["Café Zoë Ångström", "한국어 비밀번호 입니다", "ế là mật khẩu"]
)
async def test_composed_and_decomposed_are_one_password(
    passwords: PepperedPasswords, password: str
) -> None:
    composed, decomposed = (unicodedata.normalize(form, password) for form in ("NFC", "NFD"))
    assert composed != decomposed

    assert await passwords.verify(composed, await passwords.hash(decomposed))
    assert await passwords.verify(decomposed, await passwords.hash(composed))


@pytest.mark.requirement(3)
@pytest.mark.parametrize("length", [73, 100, 1024])
async def test_every_character_counts(passwords: PepperedPasswords, length: int) -> None:
    password = "k" * (length - 1) + "x"
    stored = await passwords.hash(password)

    assert await passwords.verify(password, stored)
    altered = [password[:72], password[:-1], password[:-1] + "y", password + "x", password.upper()]
    for other in [*altered, f" {password[:-1]}", f"{password[:-1]} ", password + "\0", ""]:
        assert not await passwords.verify(other, stored), other


async def test_long_and_unusual_passwords_verify(passwords: PepperedPasswords) -> None:
    for password in ("🙂" * 1024, " leading and trailing ", "\t\n\x7f", "\u202e" * 9):
        assert await passwords.verify(password, await passwords.hash(password))


@pytest.mark.parametrize("prefix", [b"2a", b"2b", b"2y"])
async def test_a_bcrypt_hash_is_read(passwords: PepperedPasswords, prefix: bytes) -> None:
    text = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).replace(b"$2b$", b"$%b$" % prefix)
    stored = PasswordHash(text.decode(), None)

    assert await passwords.verify(PASSWORD, stored)
    assert not await passwords.verify(PASSWORD + "!", stored)
    assert passwords.is_outdated(stored)


async def test_a_bcrypt_hash_of_a_decomposed_password_is_read(
    passwords: PepperedPasswords,
) -> None:
    composed, decomposed = (unicodedata.normalize(form, "Café Zoë") for form in ("NFC", "NFD"))
    of_decomposed, of_composed = (
        PasswordHash(bcrypt.hashpw(each.encode(), bcrypt.gensalt(4)).decode(), None)
        for each in (decomposed, composed)
    )

    assert await passwords.verify(decomposed, of_decomposed)
    assert await passwords.verify(decomposed, of_composed)
    assert not await passwords.verify(composed, of_decomposed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "$2b$",
        "$2b$04$short",
        "$2y$99$" + "a" * 53,
        "$argon2id$",
        "$argon2id$v=19$m=8",
        "!",
    ],
)
@pytest.mark.parametrize("pepper_id", [None, 1, 2, 255])
async def test_what_is_no_hash_opens_for_nobody(
    passwords: PepperedPasswords, text: str, pepper_id: int | None
) -> None:
    assert not await passwords.verify(PASSWORD, PasswordHash(text, pepper_id))
    assert not await passwords.verify("", PasswordHash(text, pepper_id))


async def test_what_is_outdated_and_what_is_not(
    passwords: PepperedPasswords, keyring: Keyring
) -> None:
    stored = await passwords.hash(PASSWORD)
    raised = PepperedPasswords(keyring, Argon2Profile(16, 1, 1), workers=1)
    both = replace(keyring, master_keys={**keyring.master_keys, 2: new_master_key()})
    rotated = PepperedPasswords(both, CHEAPEST, workers=1)

    assert not passwords.is_outdated(stored)
    assert raised.is_outdated(stored)
    assert passwords.is_outdated(await raised.hash(PASSWORD))
    assert rotated.is_outdated(stored)
    assert await rotated.verify(PASSWORD, stored)
    assert passwords.is_outdated(replace(stored, pepper_id=None))
    other_kind = argon2.PasswordHasher(1, 8, 1, type=argon2.Type.I).hash(PASSWORD)
    assert passwords.is_outdated(PasswordHash(other_kind, 1))


@pytest.mark.parametrize("password", [PASSWORD, "k" * 1025, "k" * 100_000, "\0", ""])
@pytest.mark.parametrize("has_account", [True, False])
async def test_one_hash_is_computed_whoever_asks(
    gated: Gated, password: str, *, has_account: bool
) -> None:
    # OWASP ASVS 6.3.8; CVE-2025-22234: an over-long password must not be answered sooner.
    stored = await gated.hash("some other passphrase") if has_account else None
    gated.gate.set()

    assert not await gated.verify(password, stored)

    assert gated.count == 1


async def test_nobody_has_the_dummys_password(passwords: PepperedPasswords) -> None:
    assert not await passwords.verify("no account has this password", None)


async def test_in_a_flood_of_strangers_a_known_device_still_gets_a_place(gated: Gated) -> None:
    strangers = [asyncio.create_task(gated.verify(PASSWORD, None)) for _ in range(2 * PLACES)]
    await asyncio.to_thread(gated.is_checking.wait, 10)
    with pytest.raises(HashingBusy):
        await gated.hash(PASSWORD)

    owner = asyncio.create_task(known(gated))
    await asyncio.sleep(0)
    gated.gate.set()

    assert await owner is False
    outcomes = await asyncio.gather(*strangers, return_exceptions=True)
    assert sum(each is False for each in outcomes) == 1 + QUEUE_PER_WORKER
    assert all(each is False or isinstance(each, HashingBusy) for each in outcomes)


async def known(gated: Gated) -> bool:
    """Check a password from a device that its owner has used."""
    return await gated.verify(PASSWORD, None, is_known=True)


async def full(gated: Gated) -> list[asyncio.Task[bool]]:
    """Take every place: one hash is being computed, the others wait."""
    tasks = [asyncio.create_task(known(gated)) for _ in range(PLACES)]
    await asyncio.to_thread(gated.is_checking.wait, 10)
    return tasks


async def test_more_than_the_queue_holds_is_refused_at_once(gated: Gated) -> None:
    tasks = await full(gated)

    for attempt in (known(gated), gated.hash(PASSWORD), gated.verify("\0", None)):
        with pytest.raises(HashingBusy):
            await attempt

    gated.gate.set()
    assert await asyncio.gather(*tasks) == [False] * PLACES
    assert await asyncio.gather(*(known(gated) for _ in range(PLACES)))


async def test_who_goes_away_frees_the_place_they_waited_at(gated: Gated) -> None:
    for task in await full(gated):
        task.cancel()
    await asyncio.sleep(0)

    # The hash under way cannot be taken back; all the others can.
    waiting = [asyncio.create_task(known(gated)) for _ in range(WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(HashingBusy):
        await known(gated)
    assert gated.count == 0

    gated.gate.set()
    assert await asyncio.gather(*waiting) == [False] * WAITING
    assert gated.count == PLACES
    again = await asyncio.gather(*(known(gated) for _ in range(PLACES)))
    assert again == [False] * PLACES
