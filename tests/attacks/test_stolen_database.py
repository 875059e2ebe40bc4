"""
The database, or the keys, in an attacker's hands - but not both.

OWASP ASVS 14.2.4; RFC 9700 section 4.14. Refresh tokens are computed from a key outside the database
and a salt inside it, so that neither half makes one.
"""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from keystead.domain.session import SessionId, SignedIn
from tests.attacks.forge import answer_to, decode, take_apart
from tests.conftest import Clock, MakeSettings, Service, serving
from tests.databases import TABLES, Database, Server, settings_of
from tests.people import COOKIE, Person, refresh_with


@pytest.mark.requirement(51)
async def test_no_token_and_no_part_of_one_is_in_the_database(
    service: Service, bob: Person, database: Database
) -> None:
    refresh_tokens, access_tokens = [str(bob.refresh_token)], [bob.access_token]
    for _ in range(3):
        await bob.refresh()
        refresh_tokens.append(str(bob.refresh_token))
        access_tokens.append(bob.access_token)
    session = await session_of(service, bob)

    loot = database.everything()

    assert session.session.id.encode() in loot  # We do look in the right place.
    assert session.session.salt in loot
    found = [part for token in refresh_tokens for part in parts_of_refresh(token) if part in loot]
    found += [part for token in access_tokens for part in parts_of_access(token) if part in loot]
    assert found == []


@pytest.fixture
async def thief(
    bob: Person, database: Database, server_of_databases: Server, make_settings: MakeSettings,
    clock: Clock, tmp_path: Path,
) -> AsyncIterator[Service]:  # fmt: skip
    """An installation of somebody else's, with other keys, on a copy of the whole database."""
    assert await bob.is_signed_in()
    folder = tmp_path / "loot"
    folder.mkdir()
    with server_of_databases.fresh(folder) as copy:
        for table in TABLES:
            if table != "installation":  # With it, other keys would not be let in.
                copy.add(table, database.rows(table))
        async with serving(make_settings(**settings_of(copy)), clock) as installation:
            yield installation


@pytest.mark.requirement(51)
async def test_the_whole_database_with_other_keys_makes_no_token(
    service: Service, bob: Person, thief: Service
) -> None:
    stolen = await session_of(thief, bob)
    assert stolen == await session_of(service, bob)  # Salt and all.
    tools = thief.tools
    now = thief.app.app.state.context.clock()

    refreshed = await refresh_with(service.client(), tools.refresh_tokens.issue(stolen.session))
    status, code, _ = await answer_to(service.client(), tools.access_tokens.issue(stolen, now))

    assert (refreshed.status_code, refreshed.json()["code"]) == (401, "refresh_invalid")
    assert (status, code) == (401, "token_invalid")
    assert await bob.is_signed_in()
    assert (await bob.refresh()).status_code == 200


@pytest.mark.requirement(11)
async def test_the_stolen_hashes_match_no_password_in_another_installation(
    bob: Person, thief: Service
) -> None:
    attempt = Person(thief.client(), bob.email, bob.password)

    assert (await attempt.login()).status_code == 401
    assert (await bob.login()).status_code == 200


@pytest.mark.requirement(51)
async def test_the_keys_without_the_salt_make_no_refresh_token(
    service: Service, bob: Person, eve: Person
) -> None:
    real = await session_of(service, bob)
    issue = service.tools.refresh_tokens.issue
    guesses = [b"", bytes(16), real.session.id.encode(), bytes(reversed(real.session.salt))]

    for salt in guesses:
        token = issue(replace(real.session, salt=salt))
        answer = await refresh_with(service.client(), token)
        assert answer.json()["code"] == "refresh_invalid"
        # Nor do they end somebody's session.
        cookie = {"Cookie": f"{COOKIE}={token}"}
        await service.client().post("/auth/logout", headers=cookie)
        await service.client().post("/auth/login", json=eve.credentials, headers=cookie)

    assert await bob.is_signed_in()
    # With the salt they do: it is the salt that was missing.
    assert (await refresh_with(service.client(), issue(real.session))).status_code == 200


async def test_the_keys_make_no_access_token_for_a_session_that_is_not_there(
    service: Service, bob: Person
) -> None:
    real = await session_of(service, bob)
    invented = replace(real.session, id=SessionId("01234567-89ab-7cde-8f01-23456789abcd"))
    now = service.app.app.state.context.clock()

    token = service.tools.access_tokens.issue(SignedIn(invented, real.user), now)

    assert (await answer_to(service.client(), token))[:2] == (401, "session_ended")


@pytest.mark.requirement(51)
async def test_an_old_backup_brings_no_spent_token_back_to_life(
    service: Service, bob: Person, database: Database
) -> None:
    spent = bob.refresh_token
    for _ in range(3):
        await bob.refresh()
    newest = bob.refresh_token

    (session,) = database.rows("sessions")
    database.change("sessions", {}, generation=1, rotated_at=session["created_at"])

    # The newest token is ahead of the restored row: no reason to call its owner a thief.
    assert (await refresh_with(service.client(), newest)).json()["code"] == "session_ended"
    code = (await refresh_with(service.client(), spent)).json()["code"]
    assert code == "refresh_superseded"


def parts_of_refresh(token: str) -> list[bytes]:
    body = decode(token.removeprefix("ksr_"))
    seal, proof = body[22:38], body[38:]
    secret = [body, seal, proof]
    return [token.encode(), token[30:60].encode(), token[-40:].encode(), *in_all_forms(secret)]


def parts_of_access(token: str) -> list[bytes]:
    _, claims, signature = token.split(".")
    id_ = str(take_apart(token)[1]["jti"]).encode()
    return [claims.encode(), signature.encode(), id_, *in_all_forms([decode(signature)])]


def in_all_forms(secrets: list[bytes]) -> list[bytes]:
    return [
        form
        for raw in secrets
        for form in (
            raw, raw.hex().encode(), raw.hex().upper().encode(), base64.b64encode(raw).rstrip(b"="),
            base64.urlsafe_b64encode(raw).rstrip(b"="), raw[:12], raw[-12:],
        )
    ]  # fmt: skip


async def session_of(service: Service, person: Person) -> SignedIn:
    id_ = take_apart(person.access_token)[1]["sid"]
    found = await service.tools.store.find_session(SessionId(id_))
    assert found is not None
    return found
