"""
What a genuinely signed access token may say: types, times, issuer, audience, and nothing more.

RFC 8725 sections 3.8 to 3.11, RFC 9068 section 2.2; OWASP ASVS 9.2.1, 9.2.3.
"""

import json

import httpx
import pytest

from tests.attacks.forge import (
    REFUSED,
    Json,
    answer_to,
    ecdsa_with,
    put_together,
    stolen_key,
    take_apart,
)
from tests.conftest import Clock
from tests.databases import Database
from tests.people import Person

EXPIRED = (401, "token_expired", 'Bearer error="invalid_token"')
ENDED = (401, "session_ended", 'Bearer error="invalid_token"')
ACCEPTED = (200, None, None)


@pytest.mark.requirement(42)
async def test_a_time_is_a_whole_number_or_the_token_is_refused(
    anybody: httpx.AsyncClient, bob: Person, database: Database
) -> None:
    header, claims = take_apart(bob.access_token)
    sign = ecdsa_with(stolen_key(database))
    no_times = ['"1"', f'"{claims["exp"]}"', "NaN", "Infinity", "-Infinity", "1e400", "true",
                "false", "null", "[]", "{}", f"[{claims['exp']}]", "1" + "0" * 400]  # fmt: skip
    forged = {
        f"{name} {value:.20}": put_together(header, with_raw(claims, name, value), sign)
        for name in ("exp", "nbf", "iat")
        for value in no_times
    }

    answers = {name: await answer_to(anybody, token) for name, token in forged.items()}

    assert answers == dict.fromkeys(forged, REFUSED)


async def test_no_claim_can_be_left_out_or_be_of_another_type(
    anybody: httpx.AsyncClient, bob: Person, database: Database
) -> None:
    header, claims = take_apart(bob.access_token)
    sign = ecdsa_with(stolen_key(database))
    forged = {
        f"no {name}": put_together(header, {k: v for k, v in claims.items() if k != name}, sign)
        for name in claims
    }
    for name in ("iss", "aud", "sub", "sid", "jti"):
        for value in (None, 1, True, [], {}, [claims[name]], {"$ne": None}):
            token = put_together(header, {**claims, name: value}, sign)
            forged[f"{name} {value!r}"] = token

    answers = {name: await answer_to(anybody, token) for name, token in forged.items()}

    assert len(forged) > 40
    assert answers == dict.fromkeys(forged, REFUSED)


@pytest.mark.requirement(44)
async def test_issuer_and_audience_are_compared_as_they_are(
    anybody: httpx.AsyncClient, bob: Person, database: Database
) -> None:
    header, claims = take_apart(bob.access_token)
    sign = ecdsa_with(stolen_key(database))
    others = ["", "other", "keystead.evil.example", "keystea", "Keystead", "keystead ", " keystead"]
    forged = {
        f"{name} {value!r}": put_together(header, {**claims, name: value}, sign)
        for name in ("iss", "aud")
        for value in others
    }

    answers = {name: await answer_to(anybody, token) for name, token in forged.items()}

    assert answers == dict.fromkeys(forged, REFUSED)


@pytest.mark.requirement(42)
async def test_a_token_is_good_neither_before_nor_after_its_time(
    anybody: httpx.AsyncClient, bob: Person, database: Database, clock: Clock
) -> None:
    header, claims = take_apart(bob.access_token)
    sign = ecdsa_with(stolen_key(database))
    now = int(clock().timestamp())
    expected = {
        ("exp", now - 11): EXPIRED,
        ("exp", now): EXPIRED,
        ("exp", 0): EXPIRED,
        ("exp", -1): EXPIRED,
        ("exp", now + 5): ACCEPTED,
        ("iat", now + 61): REFUSED,
        ("nbf", now + 61): REFUSED,
        ("iat", now + 5): ACCEPTED,
        ("nbf", now + 5): ACCEPTED,
    }

    answers = {
        (name, value): await answer_to(anybody, put_together(header, {**claims, name: value}, sign))
        for name, value in expected
    }

    assert answers == expected


@pytest.mark.requirement(42)
async def test_a_token_used_every_minute_still_ends_on_the_second(
    anybody: httpx.AsyncClient, bob: Person, clock: Clock
) -> None:
    for _ in range(4):
        assert await answer_to(anybody, bob.access_token) == ACCEPTED
        clock.advance(minutes=1)
    clock.advance(seconds=59)
    assert await answer_to(anybody, bob.access_token) == ACCEPTED
    clock.advance(seconds=1)
    assert await answer_to(anybody, bob.access_token) == EXPIRED


async def test_a_token_opens_no_session_but_that_of_its_own_user(
    anybody: httpx.AsyncClient, bob: Person, eve: Person, database: Database
) -> None:
    header, bobs = take_apart(bob.access_token)
    _, eves = take_apart(eve.access_token)
    sign = ecdsa_with(stolen_key(database))
    mixed = {
        "Bob in Eve's session": {**bobs, "sid": eves["sid"]},
        "Eve in Bob's session": {**eves, "sid": bobs["sid"]},
        "a session that never was": {**bobs, "sid": bobs["sub"]},
        "a session of any name": {**bobs, "sid": "' OR 1=1 --"},
        "a user who never was": {**bobs, "sub": eves["sid"]},
    }

    answers = {
        name: await answer_to(anybody, put_together(header, claims, sign))
        for name, claims in mixed.items()
    }

    assert answers == dict.fromkeys(mixed, ENDED)


@pytest.mark.requirement(48)
async def test_a_token_says_nothing_about_the_person_and_nothing_of_a_role(ada: Person) -> None:
    _, claims = take_apart(ada.access_token)

    assert set(claims) == {"iss", "aud", "sub", "sid", "iat", "nbf", "exp", "jti"}
    assert ada.email not in json.dumps(claims)
    assert "admin" not in json.dumps(claims)


@pytest.mark.requirement(48)
async def test_a_role_written_into_a_token_counts_for_nothing(
    anybody: httpx.AsyncClient, bob: Person, database: Database
) -> None:
    header, claims = take_apart(bob.access_token)
    boasts = {"role": "admin", "roles": ["admin"], "scope": "admin", "isAdmin": True}
    token = put_together(header, {**claims, **boasts}, ecdsa_with(stolen_key(database)))

    answer = await anybody.get("/users", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 403


def with_raw(claims: Json, name: str, value: str) -> bytes:
    """Write a claim as JSON text that no serialiser would write."""
    return json.dumps({**claims, name: "here"}).replace('"here"', value).encode()
