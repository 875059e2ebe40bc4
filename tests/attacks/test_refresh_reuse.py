"""
A stolen refresh token: whoever uses it second ends the session for both.

RFC 9700 section 4.14.2; OWASP ASVS 10.4.5. Reuse is seen after restarts and key changes too
(CVE-2026-9802).
"""

import base64
import json

import httpx
import pytest

from tests.attacks.evidence import logged
from tests.attacks.forge import decode, encode
from tests.conftest import Clock, MakeSettings, Service, StartService, serving
from tests.databases import Database, secrets_of
from tests.people import Person, profile_with, refresh_with


@pytest.mark.requirement(53, 54)
async def test_a_replayed_token_ends_the_session(
    service: Service, clock: Clock, bob: Person
) -> None:
    stolen = bob.refresh_token
    await bob.refresh()
    clock.advance(seconds=11)

    answer = await refresh_with(service.client(), stolen)

    assert answer.status_code == 401
    assert answer.json()["code"] == "refresh_reused"
    # The effect: the newest pair, which nobody replayed, is dead too.
    assert (await bob.profile()).json()["code"] == "session_ended"
    assert (await bob.refresh()).json()["code"] == "session_ended"


@pytest.mark.requirement(54)
async def test_a_thief_who_comes_an_hour_later_gets_nothing_and_the_owner_notices(
    service: Service, clock: Clock, bob: Person
) -> None:
    stolen = bob.refresh_token
    await bob.refresh()
    clock.advance(hours=1)

    thief = await refresh_with(service.client(), stolen)

    assert thief.json()["code"] == "refresh_reused"
    assert "accessToken" not in thief.json()
    assert (await bob.refresh()).json()["code"] == "session_ended"


@pytest.mark.requirement(54)
async def test_a_thief_who_comes_first_is_thrown_out_when_the_owner_comes(
    service: Service, clock: Clock, bob: Person
) -> None:
    thief = await refresh_with(service.client(), bob.refresh_token)
    loot = str(thief.cookies["refreshToken"])
    stolen_access = thief.json()["accessToken"]
    assert (await profile_with(service.client(), stolen_access)).status_code == 200
    clock.advance(minutes=4)

    assert (await bob.refresh()).json()["code"] == "refresh_reused"

    assert (await refresh_with(service.client(), loot)).json()["code"] == "session_ended"
    answer = await profile_with(service.client(), stolen_access)
    assert answer.json()["code"] == "session_ended"


@pytest.mark.parametrize("rotations", [2, 3, 10])
async def test_a_token_from_long_ago_gets_no_leeway(
    service: Service, bob: Person, rotations: int
) -> None:
    stolen = bob.refresh_token
    for _ in range(rotations):
        assert (await bob.refresh()).status_code == 200

    assert (await refresh_with(service.client(), stolen)).json()["code"] == "refresh_reused"
    assert not await bob.is_signed_in()


@pytest.mark.requirement(54)
async def test_reuse_on_one_server_ends_the_session_on_the_other(
    start: StartService, clock: Clock
) -> None:
    one, two = await start(), await start()
    bob = await one.person("bob")
    stolen = bob.refresh_token
    await bob.refresh()
    elsewhere = two.client()
    assert (await profile_with(elsewhere, bob.access_token)).status_code == 200
    clock.advance(seconds=11)

    await refresh_with(one.client(), stolen)

    assert (await profile_with(elsewhere, bob.access_token)).json()["code"] == "session_ended"
    assert (await refresh_with(elsewhere, bob.refresh_token)).json()["code"] == "session_ended"


async def test_only_the_stolen_session_ends(service: Service, clock: Clock, bob: Person) -> None:
    phone = await service.again(bob)
    eve = await service.person("eve")
    stolen = bob.refresh_token
    await bob.refresh()
    clock.advance(seconds=11)

    await refresh_with(service.client(), stolen)

    assert not await bob.is_signed_in()
    assert await phone.is_signed_in()
    assert await eve.is_signed_in()


@pytest.mark.requirement(57)
async def test_reuse_is_seen_after_a_restart(make_settings: MakeSettings, clock: Clock) -> None:
    async with serving(make_settings(), clock) as before:
        bob = await before.person("bob")
        stolen = bob.refresh_token
        await bob.refresh()
        newest, access = bob.refresh_token, bob.access_token
    clock.advance(seconds=11)

    async with serving(make_settings(), clock) as after:
        thief = await refresh_with(after.client(), stolen)
        assert thief.json()["code"] == "refresh_reused"
        assert (await refresh_with(after.client(), newest)).json()["code"] == "session_ended"
        assert (await profile_with(after.client(), access)).json()["code"] == "session_ended"


@pytest.mark.requirement(57)
async def test_reuse_is_seen_after_a_new_key_was_added(
    make_settings: MakeSettings, clock: Clock, database: Database
) -> None:
    async with serving(make_settings(), clock) as before:
        bob, eve = await before.person("bob"), await before.person("eve")
        stolen, spare = bob.refresh_token, eve.refresh_token
        await bob.refresh()
    add_master_key(database)
    clock.advance(seconds=11)

    async with serving(make_settings(), clock) as after:
        bob.client, eve.client = after.client(), after.client()
        # The new key signs, the old one still verifies: nobody is signed out by it.
        renewed = await refresh_with(eve.client, spare)
        assert renewed.status_code == 200
        assert key_id_of(renewed) == 2
        assert (await refresh_with(bob.client, stolen)).json()["code"] == "refresh_reused"
        clock.advance(seconds=11)
        assert (await refresh_with(after.client(), spare)).json()["code"] == "refresh_reused"
        assert (await eve.refresh()).json()["code"] == "session_ended"


@pytest.mark.requirement(54)
async def test_a_reuse_is_reported_at_the_highest_severity(
    service: Service, clock: Clock, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    stolen = bob.refresh_token
    await bob.refresh()
    clock.advance(seconds=11)

    with logged(monkeypatch) as log:
        await refresh_with(service.client(), stolen)

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    (alarm,) = (line for line in lines if line["event"] == "authn_token_reuse")
    assert (alarm["level"], alarm["subject"]) == ("critical", bob.id)


async def test_a_forger_can_neither_refresh_nor_end_somebodys_session(
    service: Service, bob: Person
) -> None:
    genuine = str(bob.refresh_token)
    body = decode(genuine.removeprefix("ksr_"))
    forged = [
        "ksr_" + encode(body[:place] + bytes([body[place] ^ bit]) + body[place + 1 :])
        for place in range(len(body))
        for bit in (1, 128)
    ]
    forged += [
        "", "ksr_", genuine[:-1], genuine + "A", genuine + "=", genuine.lower(), genuine[4:],
        f'"{genuine}"', "ksr_" + base64.b64encode(body).decode(), genuine.replace("ksr_", "ksr-"),
    ]  # fmt: skip

    answers = [await refresh_with(service.client(), text) for text in forged]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["code"] for answer in answers} == {"refresh_invalid"}
    assert not any("set-cookie" in answer.headers for answer in answers)
    assert await bob.is_signed_in()
    assert (await bob.refresh()).status_code == 200


def key_id_of(answer: httpx.Response) -> int:
    return decode(answer.cookies["refreshToken"].removeprefix("ksr_"))[1]


def add_master_key(database: Database) -> None:
    """Do what rotating the keys does: a second key, which is the newest."""
    file = secrets_of(database)
    secrets = json.loads(file.read_text())
    secrets["master_keys"]["2"] = base64.b64encode(bytes(range(32))).decode()
    file.write_text(json.dumps(secrets))
