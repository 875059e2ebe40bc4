"""Forward authentication: who is asking, for a proxy to believe and to pass on."""

from uuid import UUID

import httpx
import pytest

from keystead.domain.permissions import Permission
from keystead.domain.user import Role
from keystead.web.access import NEEDS, PUBLIC, Routes, UndeclaredAccess
from keystead.web.verify import answer_lean, get_verify
from tests.conftest import Clock, ReadLog, Service, StartService
from tests.databases import Database
from tests.people import Person
from tests.web.calls import session_of

IDENTITY = ("x-user-id", "x-user-role", "x-session-id")


async def verify(person: Person, query: str = "") -> httpx.Response:
    return await person.get(f"/auth/verify{query}")


def assert_says_nothing(answer: httpx.Response) -> None:
    assert [name for name in IDENTITY if name in answer.headers] == []


async def test_it_says_who_is_asking_in_three_headers_and_nothing_else(bob: Person) -> None:
    answer = await verify(bob)

    assert answer.status_code == 204
    assert answer.content == b""
    assert answer.headers["x-user-id"] == bob.id
    assert answer.headers["x-user-role"] == "user"
    assert answer.headers["x-session-id"] == await session_of(bob)
    assert answer.headers["cache-control"] == "no-store"
    assert "content-length" not in answer.headers
    assert "set-cookie" not in answer.headers


async def test_each_is_told_of_themselves_whoever_asked_before(ada: Person, bob: Person) -> None:
    for person, role in ((ada, "admin"), (bob, "user")) * 3:
        answer = await verify(person)

        assert answer.headers["x-user-id"] == person.id
        assert answer.headers["x-user-role"] == role


@pytest.mark.parametrize("query", ["", "?role=admin", "?role=nobody"])
async def test_without_a_live_session_it_is_401_with_a_challenge(
    service: Service, bob: Person, query: str
) -> None:
    nobody = Person(service.client(), "nobody@example.com")
    missing = await nobody.client.get(f"/auth/verify{query}")
    nobody.access_token = "garbage"
    invalid = await verify(nobody, query)
    await bob.client.post("/auth/logout")
    ended = await verify(bob, query)

    answers = [missing, invalid, ended]
    assert [answer.status_code for answer in answers] == [401] * 3
    codes = [answer.json()["code"] for answer in answers]
    assert codes == ["token_missing", "token_invalid", "session_ended"]
    assert missing.headers["www-authenticate"] == "Bearer"
    assert ended.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    for answer in answers:
        assert_says_nothing(answer)


async def test_only_admins_pass_where_only_admins_may(ada: Person, bob: Person) -> None:
    passed, refused = await verify(ada, "?role=admin"), await verify(bob, "?role=admin")

    assert (passed.status_code, passed.headers["x-user-role"]) == (204, "admin")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert_says_nothing(refused)


@pytest.mark.parametrize(
    "query", ["?role=user", "?role=", "?role=Admin", "?role=admin&role=admin", "?roles=admin"]
)
async def test_what_it_does_not_know_lets_nobody_pass(ada: Person, query: str) -> None:
    answer = await verify(ada, query)

    assert (answer.status_code, answer.json()["code"]) == (400, "input_invalid")
    assert_says_nothing(answer)


async def test_what_is_taken_away_holds_for_the_next_request(ada: Person, bob: Person) -> None:
    await ada.put(f"/users/{bob.id}/admin")
    assert (await verify(bob, "?role=admin")).status_code == 204

    await ada.put(f"/users/{bob.id}/user")
    assert (await verify(bob, "?role=admin")).status_code == 403
    assert (await verify(bob)).headers["x-user-role"] == "user"

    await ada.put(f"/users/{bob.id}/status", {"status": "disabled"})
    for query in ("", "?role=admin"):
        assert (await verify(bob, query)).status_code == 401


def test_a_lean_answer_is_for_routes_that_ask_for_nothing_but_a_session() -> None:
    for access in (PUBLIC, NEEDS(Permission.USERS_LIST)):
        with pytest.raises(UndeclaredAccess, match="for whoever is signed in"):
            Routes().add("GET", "/x", access=access, lean=answer_lean)(get_verify)


async def test_a_session_in_use_slides(bob: Person, clock: Clock) -> None:
    before = (await bob.profile()).json()["session"]["expiresAt"]
    clock.advance(minutes=2)

    assert (await verify(bob)).status_code == 204

    assert (await bob.profile()).json()["session"]["expiresAt"] > before


async def test_a_refusal_is_written_down_as_on_every_route(
    ada: Person, bob: Person, read_log: ReadLog
) -> None:
    await verify(bob, "?role=admin")

    records = (await ada.get("/audit?event=authz_fail")).json()["records"]
    assert [(each["actor"], each["detail"]) for each in records] == [(bob.id, "enter:admin")]
    refused, line = read_log()[:2]
    assert (refused["event"], refused["detail"]) == ("authz_fail", "enter:admin")
    assert (line["route"], line["status"], line["user_id"]) == ("/auth/verify", 403, bob.id)


async def test_what_a_client_claims_of_itself_changes_nothing(ada: Person, bob: Person) -> None:
    claims = {
        "X-User-Id": ada.id, "X-User-Role": "admin", "X-Session-Id": await session_of(ada),
        "X-Forwarded-Uri": "/?role=user", "X-Original-URI": "/admin", "X-Forwarded-Method": "OPTIONS",
    }  # fmt: skip

    answer = await bob.client.get("/auth/verify", headers={**bob.bearer, **claims})
    refused = await bob.client.get("/auth/verify?role=admin", headers={**bob.bearer, **claims})
    unsigned = await bob.client.get("/auth/verify", headers=claims)

    assert [answer.headers[name] for name in IDENTITY] == [bob.id, "user", await session_of(bob)]
    assert (refused.status_code, unsigned.status_code) == (403, 401)
    assert answer.headers.get_list("x-user-id") == [bob.id]


@pytest.fixture
async def renamed(service: Service, database: Database, bob: Person, clock: Clock) -> Person:
    """Bob, after somebody has written another id into the database by hand."""
    evil = f"{bob.id}\r\nX-User-Role: admin"
    (user,) = database.rows("users", id=bob.id)
    (session,) = database.rows("sessions", user_id=bob.id)
    database.add("users", [{**user, "id": evil, "email": "evil@example.com"}])
    session = {**session, "id": str(UUID(int=7)), "user_id": evil}
    database.add("sessions", [session])
    signed_in = await service.tools.store.find_session(session["id"])
    assert signed_in is not None
    assert signed_in.user.id == evil
    bob.access_token = service.tools.access_tokens.issue(signed_in, clock.now)
    return bob


async def test_no_id_can_become_a_header_of_its_own(renamed: Person) -> None:
    answer = await verify(renamed)

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert_says_nothing(answer)


async def test_it_is_503_while_the_database_is_away_and_never_401(
    service: Service, bob: Person
) -> None:
    await service.tools.store.close()

    for query in ("", "?role=admin"):
        answer = await verify(bob, query)
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert_says_nothing(answer)


async def test_a_head_request_and_another_method(bob: Person) -> None:
    head = await bob.client.head("/auth/verify", headers=bob.bearer)
    post = await bob.client.post("/auth/verify", headers=bob.bearer)

    assert (head.status_code, head.headers["x-user-id"]) == (204, bob.id)
    assert (post.status_code, post.headers["allow"]) == (405, "GET, HEAD")


async def test_two_servers_on_one_database_agree_at_once(start: StartService) -> None:
    one, other = await start(), await start()
    ada = await one.person("ada", Role.ADMIN)
    elsewhere = Person(other.client(), ada.email, access_token=ada.access_token)
    assert (await verify(elsewhere)).status_code == 204

    await ada.client.post("/auth/logout")

    assert (await verify(elsewhere)).status_code == 401
