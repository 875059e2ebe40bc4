"""
HS256 with a configured secret: weak ones stop the start, and no other algorithm comes with it.

RFC 7518 section 3.2, RFC 8725 section 3.5; OWASP ASVS 11.2.3.
"""

import httpx
import pytest

from keystead.crypto.keyring import digest
from keystead.settings import SettingsRefused
from tests.attacks.forge import (
    REFUSED,
    answer_to,
    ecdsa_with,
    hmac_with,
    put_together,
    stolen_key,
    take_apart,
    unsigned,
)
from tests.conftest import MakeSettings, StartService
from tests.databases import Database
from tests.people import Person

SECRET = "fB7hXx0w2Gk5v1qZr9mYtE3sLuPnJdAc"


@pytest.fixture
async def bob(start: StartService) -> Person:
    """Bob on a service that signs with the secret."""
    return await (await start(jwt_secret=SECRET)).person("bob")


@pytest.mark.requirement(40)
@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512", "hs256", "ES256", "RS256", "dir"])
async def test_no_algorithm_but_hs256_is_accepted_where_a_secret_is_set(
    bob: Person, database: Database, algorithm: str
) -> None:
    header, claims = take_apart(bob.access_token)
    assert header["alg"] == "HS256"
    signers = [
        unsigned,
        hmac_with(SECRET.encode(), "sha384" if algorithm == "HS384" else "sha512"),
        ecdsa_with(stolen_key(database)),
    ]

    answers = [
        await answer_to(bob.client, put_together({**header, "alg": algorithm}, claims, sign))
        for sign in signers
    ]

    assert answers == [REFUSED] * len(signers)


@pytest.mark.parametrize("key", ["", SECRET[:-1], SECRET + "\n", SECRET.lower(), "secret"])
async def test_almost_the_secret_is_not_the_secret(bob: Person, key: str) -> None:
    header, claims = take_apart(bob.access_token)

    genuine = put_together(header, claims, hmac_with(SECRET.encode()))
    forged = put_together(header, claims, hmac_with(key.encode()))

    assert await answer_to(bob.client, genuine) == (200, None, None)
    assert await answer_to(bob.client, forged) == REFUSED


async def test_a_token_of_the_generated_key_is_worth_nothing_once_a_secret_is_set(
    start: StartService,
) -> None:
    before = await start()
    bob = await before.person("bob")
    after: httpx.AsyncClient = (await start(jwt_secret=SECRET)).client()

    assert await answer_to(after, bob.access_token) == REFUSED
    assert await bob.is_signed_in()


async def test_the_key_id_gives_no_hold_to_search_for_the_secret(bob: Person) -> None:
    header, _ = take_apart(bob.access_token)

    assert header["kid"] not in digest(SECRET)
    assert SECRET not in bob.access_token


@pytest.mark.requirement(46)
@pytest.mark.parametrize(
    ("secret", "environment"),
    [
        ("secret", "development"),
        ("x" * 31, "development"),
        ("super-secret-key-super-secret-key-1", "production"),
        ("your-secret-your-secret-your-secret", "production"),
        ("change_me_change_me_change_me_change", "production"),
    ],
)
def test_a_weak_secret_stops_the_start_and_is_not_repeated(
    make_settings: MakeSettings, secret: str, environment: str
) -> None:
    with pytest.raises(SettingsRefused) as refusal:
        make_settings(jwt_secret=secret, environment=environment)

    assert "JWT_SECRET" in str(refusal.value)
    assert secret not in str(refusal.value)
