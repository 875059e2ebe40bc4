"""Members that a client may not set, sent along (OWASP ASVS 15.3.3; API3:2023; CVE-2026-27946)."""

import json

import httpx
import pytest

from tests.conftest import Service
from tests.databases import Database
from tests.people import PASSWORD, Person

CHOSEN = "01234567-89ab-7cde-8f01-23456789abcd"

PRIVILEGED: dict[str, object] = {
    "role": "admin", "roles": ["admin"], "Role": "admin", "isAdmin": True, "is_admin": 1,
    "status": "disabled", "verified": True, "emailVerified": True, "_id": CHOSEN, "id": CHOSEN,
    "user_id": CHOSEN, "createdAt": "1999-01-01T00:00:00.000Z", "created_at": 0, "updatedAt": 0,
    "passwordHash": "$argon2id$planted", "password_hash": "$argon2id$planted", "pepper_id": 0,
    "__proto__": {"role": "admin"}, "constructor": {"prototype": {"role": "admin"}},
    "$set": {"role": "admin"}, "user": {"role": "admin"}, "permissions": ["users:list"],
    "__class__": {"role": "admin"}, "model_config": {}, "scope": "admin",
}  # fmt: skip


@pytest.mark.requirement(80)
async def test_registering_with_privileged_members_makes_a_plain_user(
    service: Service, ada: Person, database: Database
) -> None:
    eve = Person(service.client(), "eve@example.com")

    answer = await eve.post("/auth/register", {**PRIVILEGED, **eve.credentials})
    await eve.login()

    user = answer.json()["user"]
    assert (answer.status_code, user["role"]) == (201, "user")
    assert user["_id"] != CHOSEN
    assert user["createdAt"] == user["updatedAt"] == "2026-01-01T12:00:00.000Z"
    assert (await eve.get("/users")).status_code == 403
    listed = (await ada.get(f"/users/{user['_id']}")).json()["user"]
    assert (listed["role"], listed["status"]) == ("user", "active")
    (stored,) = database.rows("users", email=eve.email)
    assert stored["password_hash"].startswith("$argon2id$v=19$")
    assert stored["pepper_id"] == 1


@pytest.mark.requirement(80)
async def test_no_single_member_raises_anybody(anybody: httpx.AsyncClient) -> None:
    for name, value in PRIVILEGED.items():
        eve = Person(anybody, f"{name.strip('_$')}@example.com")
        for path in ("/auth/register", "/auth/login"):
            await eve.post(path, {**eve.credentials, name: value})
            await anybody.post(path, json=eve.credentials, params={name: "admin"})

        assert (await eve.login()).json()["user"]["role"] == "user", name
        assert (await eve.get("/users")).status_code == 403, name


async def test_a_refresh_with_privileged_members_is_a_plain_refresh(bob: Person) -> None:
    answer = await bob.client.post("/auth/refresh", json=PRIVILEGED, params={"role": "admin"})
    bob.access_token = answer.json()["accessToken"]

    assert (await bob.profile()).json()["user"]["role"] == "user"
    assert (await bob.get("/users")).status_code == 403


@pytest.mark.requirement(80)
async def test_changing_the_status_changes_nothing_else(ada: Person, bob: Person) -> None:
    before = (await ada.get(f"/users/{bob.id}")).json()["user"]

    answer = await ada.put(f"/users/{bob.id}/status", {**PRIVILEGED, "status": "active"})

    assert (answer.status_code, answer.json()["user"]) == (200, before)


async def test_the_role_is_the_one_in_the_path(ada: Person, bob: Person) -> None:
    await ada.put(f"/users/{bob.id}/user", {"role": "admin", "_id": ada.id})

    assert (await bob.profile()).json()["user"]["role"] == "user"
    assert (await ada.profile()).json()["user"]["role"] == "admin"


async def test_no_role_but_the_two_exists(ada: Person, bob: Person) -> None:
    for role in ("root", "Admin", "ADMIN", "admin%20", "administrator", "owner", "*", "admin%00"):
        answer = await ada.put(f"/users/{bob.id}/{role}")
        assert (answer.status_code, answer.json()["code"]) == (400, "role_unknown"), role

    assert (await bob.profile()).json()["user"]["role"] == "user"


@pytest.mark.requirement(80)
async def test_of_two_members_with_one_name_neither_counts(anybody: httpx.AsyncClient) -> None:
    mine, theirs = json.dumps("eve@example.com"), json.dumps("ada@example.com")
    body = f'{{"email": {mine}, "password": "{PASSWORD}", "email": {theirs}}}'
    escaped = body.replace('"email": "ada', '"e\\u006dail": "ada')
    for text in (body, escaped):
        answer = await anybody.post(
            "/auth/register", content=text.encode(), headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (400, "json_invalid")

    for email in ("eve@example.com", "ada@example.com"):
        assert (await Person(anybody, email).login()).status_code == 401


@pytest.mark.requirement(35)
async def test_no_request_of_an_admin_sets_somebodys_password_or_shows_it(
    ada: Person, bob: Person, database: Database
) -> None:
    chosen = "chosen by somebody else"
    members = {"password": chosen, "newPassword": chosen, "password_hash": chosen}
    before = database.rows("users", email=bob.email)[0]["password_hash"]

    for path, more in (("admin", {}), ("user", {}), ("status", {"status": "active"})):
        answer = await ada.put(f"/users/{bob.id}/{path}", {**members, **more})
        assert answer.status_code == 200
        assert "assword" not in answer.text
        assert before not in answer.text

    assert database.rows("users", email=bob.email)[0]["password_hash"] == before
    bob.password = chosen
    assert (await bob.login()).status_code == 401
