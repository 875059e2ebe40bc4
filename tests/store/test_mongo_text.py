"""Text from outside stays text: it is no operator, no field, no pattern, and no server error."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from keystead.domain.session import SessionId
from keystead.domain.tokens import Unknown
from keystead.domain.user import EmailAddress, Role, Status, UserId, UserQuery
from keystead.store.mongo import MongoStore
from tests.conftest import StartService
from tests.databases import content
from tests.databases.mongo import MongoDatabase
from tests.people import PASSWORD
from tests.store.mongo_servers import open_mongo
from tests.store.samples import CAP, HASH, NOW, new_session, new_user, signed_in

TEXTS = [
    *("\x00", "bob\x00", "\x00bob@example.com", "\ud800", "bob\udfff@example.com", "\udc80" * 40),
    *("$ne", "$where", '{"$ne": null}', "_id", "users.email", "$$ROOT", "^.*$", "/.*/", ".*"),
]

OPERATORS: list[Any] = [
    *(
        {"$ne": None},
        {"$gt": ""},
        {"$regex": ".*"},
        {"$in": ["bob@example.com"]},
        {"$exists": True},
    ),
    *({"$where": "sleep(9000)"}, {"$eq": "bob@example.com"}, {"$expr": {"$eq": [1, 1]}}),
    *([{"$ne": None}], ["bob@example.com"], {"email": "bob@example.com"}, {"$oid": "0" * 24}),
]


@pytest.fixture
async def store(mongo: MongoDatabase) -> AsyncIterator[MongoStore]:
    async with open_mongo(mongo.url) as store:
        yield store


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
async def test_any_text_is_nobodys_id_and_nobodys_address(
    store: MongoStore, mongo: MongoDatabase, text: str
) -> None:
    bob, session = await signed_in(store)
    before = mongo.everything()
    user_id, session_id = UserId(text), SessionId(text)

    assert await store.find_user(user_id) is None
    assert await store.find_credentials(EmailAddress(text)) is None
    assert await store.list_users(UserQuery(10, search=text)) == []
    assert not await store.replace_password_hash(user_id, HASH, HASH)
    assert await store.change_role(user_id, Role.ADMIN, NOW, record=None) is None
    assert await store.change_role(user_id, Role.USER, NOW, record=None) is None
    assert await store.change_status(user_id, Status.DISABLED, NOW, record=None) is None
    assert await store.change_status(user_id, Status.ACTIVE, NOW, record=None) is None
    assert await store.delete_user(user_id, record=None) is None
    assert await store.find_session(session_id) is None
    assert await store.list_sessions(user_id, NOW) == []
    await store.touch_session(session_id, NOW, NOW)
    assert await store.rotate_refresh_token(session_id, 0, NOW, NOW) == Unknown()
    assert not await store.close_session(session_id, record=None)
    assert not await store.close_session(session.id, UserId(text), record=None)
    assert await store.close_sessions(user_id, record=None) == 0

    assert mongo.everything() == before
    assert await store.close_sessions(bob.id, keep=session_id, record=None) == 1


async def test_a_session_of_nobody_is_not_kept(store: MongoStore, mongo: MongoDatabase) -> None:
    stranger = new_user("\ud800")

    assert not await store.open_session(new_session(stranger), CAP, record=None)

    assert mongo.rows("sessions") == []


async def test_an_operator_in_a_body_is_refused_and_changes_nothing(
    start: StartService, mongo: MongoDatabase, tmp_path: Path
) -> None:
    service = await start(database_url=mongo.url, secrets_file=tmp_path / "secrets.json")
    bob = await service.person("bob")
    anybody = service.client()
    before = content(mongo)

    for path in ("/auth/login", "/auth/register"):
        for operator in OPERATORS:
            for body in (
                {"email": operator, "password": PASSWORD},
                {"email": bob.email, "password": operator},
                {"email": operator, "password": operator},
            ):
                answer = await anybody.post(path, json=body)
                assert (answer.status_code, answer.json()["code"]) == (400, "input_invalid"), body

    assert content(mongo) == before
    assert await bob.is_signed_in()


async def test_an_operator_in_a_path_or_a_query_finds_nothing_and_changes_nothing(
    start: StartService, mongo: MongoDatabase, tmp_path: Path
) -> None:
    service = await start(database_url=mongo.url, secrets_file=tmp_path / "secrets.json")
    ada = await service.person("ada", Role.ADMIN)
    bob = await service.person("bob")
    before = content(mongo)

    for text in [*map(json.dumps, OPERATORS), *TEXTS]:
        place = quote(text, safe="", errors="surrogatepass")
        for method, path in (
            ("GET", f"/users/{place}"),
            ("DELETE", f"/users/{place}"),
            ("PUT", f"/users/{place}/admin"),
            ("GET", f"/users/{place}/sessions"),
            ("DELETE", f"/sessions/{place}"),
        ):
            answer = await ada.client.request(method, path, headers=ada.bearer)
            assert answer.status_code in {400, 404}, path
        answer = await ada.get(f"/users?search={place}")
        assert answer.status_code == 400 or answer.json()["users"] == [], text
    for query in ("search[$ne]=x", "role[$ne]=user", "after[$gt]=", "role=$ne", "cursor[$gt]="):
        assert (await ada.get(f"/users?{query}")).status_code in {200, 400}

    assert content(mongo) == before
    assert await bob.is_signed_in()
