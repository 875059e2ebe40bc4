"""Hashes made with older means are replaced at the only moment the password is known."""

from collections.abc import Awaitable
from dataclasses import replace

import bcrypt
import pytest
from argon2 import PasswordHasher

from keystead.crypto.keyring import Keyring
from keystead.crypto.passwords import Argon2Profile, PepperedPasswords
from keystead.crypto.random import new_master_key
from keystead.domain.errors import InvalidCredentials
from keystead.domain.user import PasswordHash, Status, User
from keystead.flows.register import register
from keystead.flows.tools import Tools
from tests.conftest import Clock
from tests.flows.conftest import BOB, sign_in
from tests.flows.test_login import AtThatMoment
from tests.people import PASSWORD

LONG = "a passphrase of many words " * 5
"""Longer than the 72 bytes that bcrypt ever looked at."""


@pytest.fixture
async def bob(tools: Tools, clock: Clock) -> User:
    return await register(tools, BOB, PASSWORD, clock.now)


async def kept(tools: Tools) -> PasswordHash:
    found = await tools.store.find_credentials(tools.canonical_email(BOB))
    assert found is not None
    return found.password


async def keep(tools: Tools, bob: User, password: PasswordHash) -> None:
    assert await tools.store.replace_password_hash(bob.id, await kept(tools), password)


def of_bcrypt(password: str, prefix: bytes = b"2b") -> PasswordHash:
    text = bcrypt.hashpw(
        password.encode()[:72], bcrypt.gensalt(4, b"2a" if prefix == b"2y" else prefix)
    )
    return PasswordHash(text.replace(b"$2a$", b"$" + prefix + b"$").decode(), None)


@pytest.mark.parametrize("prefix", [b"2a", b"2b", b"2y"])
async def test_a_bcrypt_hash_opens_once_and_becomes_argon2id_with_a_pepper(
    tools: Tools, clock: Clock, bob: User, prefix: bytes
) -> None:
    await keep(tools, bob, of_bcrypt(PASSWORD, prefix))

    await sign_in(tools, clock)

    renewed = await kept(tools)
    assert renewed.text.startswith("$argon2id$v=19$")
    assert renewed.pepper_id == 1
    assert (await sign_in(tools, clock)).signed_in.user == bob
    assert await kept(tools) == renewed


@pytest.mark.requirement(3)
async def test_a_long_password_counts_in_full_once_bcrypt_is_gone(
    tools: Tools, clock: Clock, bob: User
) -> None:
    await keep(tools, bob, of_bcrypt(LONG))

    await sign_in(tools, clock, password=LONG)

    with pytest.raises(InvalidCredentials):
        await sign_in(tools, clock, password=LONG[:72])


async def test_a_wrong_password_renews_nothing(tools: Tools, clock: Clock, bob: User) -> None:
    old = of_bcrypt(PASSWORD)
    await keep(tools, bob, old)

    with pytest.raises(InvalidCredentials):
        await sign_in(tools, clock, password="wrong horse battery staple")

    assert await kept(tools) == old


async def test_the_hash_of_a_disabled_account_is_not_renewed(
    tools: Tools, clock: Clock, bob: User
) -> None:
    # A second hash would take time, and tell that the password was right (OWASP ASVS 6.3.8).
    old = of_bcrypt(PASSWORD)
    await keep(tools, bob, old)
    await tools.store.change_status(bob.id, Status.DISABLED, clock.now, record=None)

    with pytest.raises(InvalidCredentials):
        await sign_in(tools, clock)

    assert await kept(tools) == old


async def test_an_argon2_hash_without_a_pepper_gets_one(
    tools: Tools, clock: Clock, bob: User
) -> None:
    plain = PasswordHasher(1, 8, 1).hash(PASSWORD)
    await keep(tools, bob, PasswordHash(plain, None))

    await sign_in(tools, clock)

    assert (await kept(tools)).pepper_id == 1


@pytest.mark.usefixtures("bob")
async def test_raised_parameters_hold_from_the_next_sign_in_on(
    tools: Tools, clock: Clock, keyring: Keyring
) -> None:
    assert "$m=8,t=1,p=1$" in (await kept(tools)).text
    raised = PepperedPasswords(keyring, Argon2Profile(16, 2, 1), workers=1)

    await sign_in(replace(tools, passwords=raised), clock)

    assert "$m=16,t=2,p=1$" in (await kept(tools)).text
    await sign_in(replace(tools, passwords=raised), clock)


@pytest.mark.usefixtures("bob")
async def test_a_new_master_key_becomes_the_pepper_at_the_next_sign_in(
    tools: Tools, clock: Clock, keyring: Keyring
) -> None:
    both = replace(keyring, master_keys={**keyring.master_keys, 2: new_master_key()})
    rotated = PepperedPasswords(both, Argon2Profile(8, 1, 1), workers=1)

    await sign_in(replace(tools, passwords=rotated), clock)

    assert (await kept(tools)).pepper_id == 2
    await sign_in(replace(tools, passwords=rotated), clock)


@pytest.mark.usefixtures("bob")
async def test_an_up_to_date_hash_is_left_alone(tools: Tools, clock: Clock) -> None:
    before = await kept(tools)

    await sign_in(tools, clock)

    assert await kept(tools) == before


async def test_a_hash_that_was_changed_meanwhile_is_not_overwritten(
    tools: Tools, clock: Clock, bob: User
) -> None:
    await keep(tools, bob, of_bcrypt(PASSWORD))
    newer = await tools.passwords.hash("changed on another device")

    def change() -> Awaitable[object]:
        return keep(tools, bob, newer)

    await sign_in(replace(tools, passwords=AtThatMoment(tools.passwords, change)), clock)

    assert await kept(tools) == newer
