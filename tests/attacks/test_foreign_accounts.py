"""
Other people's accounts by their id: read, changed, deleted, or only found out about.

OWASP ASVS 8.2.2; API1:2023. Whoever may not ask learns nothing: neither whether the id exists, nor
whether the rest of the request was right.
"""

import httpx
import pytest

from tests.conftest import Service
from tests.people import Person

UNKNOWN = "01234567-89ab-7cde-8f01-23456789abcd"
MALFORMED = [
    "x", "0", "-1", "null", "undefined", "me", "self", "*", "%25", "%00", "' OR 1=1 --", "%2e%2e",
    "[$ne]", "a" * 5000, "🦆", "%ff", UNKNOWN.upper(), "{user_id}", "1e400", "%0a",
]  # fmt: skip

ACTIONS = [
    ("GET", "/users/{id}", None),
    ("DELETE", "/users/{id}", None),
    ("PUT", "/users/{id}/admin", None),
    ("PUT", "/users/{id}/user", {}),
    ("PUT", "/users/{id}/emperor", None),
    ("PUT", "/users/{id}/status", {"status": "disabled"}),
    ("PUT", "/users/{id}/status", {"status": "nonsense"}),
    ("GET", "/users/{id}/sessions", None),
    ("DELETE", "/users/{id}/sessions", None),
]


@pytest.mark.requirement(79)
@pytest.mark.parametrize(("method", "path", "body"), ACTIONS)
async def test_a_user_gets_one_answer_for_every_id_that_is_not_theirs(
    ada: Person, bob: Person, eve: Person, method: str, path: str, body: object
) -> None:
    ids = [bob.id, ada.id, UNKNOWN, bob.id.upper(), eve.id.upper(), eve.id + "%20", *MALFORMED]

    answers = {
        id_: seen(
            await eve.client.request(method, path.format(id=id_), headers=eve.bearer, json=body)
        )
        for id_ in ids
    }

    assert answers == dict.fromkeys(ids, answers[bob.id])
    assert answers[bob.id][0] == 403
    for person, role in ((ada, "admin"), (bob, "user"), (eve, "user")):
        assert (await person.profile()).json()["user"]["role"] == role
        assert (await person.refresh()).status_code == 200


@pytest.mark.requirement(79)
@pytest.mark.parametrize(("method", "path", "body"), ACTIONS)
async def test_without_a_session_there_is_one_answer_for_every_id(
    anybody: httpx.AsyncClient, bob: Person, method: str, path: str, body: object
) -> None:
    answers = [
        seen(await anybody.request(method, path.format(id=id_), json=body))
        for id_ in (bob.id, UNKNOWN, *MALFORMED)
    ]

    assert [answer for answer in answers if answer != answers[0]] == []
    assert answers[0][0] == 401
    assert await bob.is_signed_in()


async def test_a_user_may_not_raise_or_free_themselves(eve: Person) -> None:
    own = [
        await eve.put(f"/users/{eve.id}/admin"),
        await eve.put(f"/users/{eve.id}/status", {"status": "active"}),
        await eve.get(f"/users/{eve.id}/sessions"),
        await eve.get("/users"),
        await eve.get("/users", params={"limit": "x"}),
    ]

    assert {answer.status_code for answer in own} == {403}
    assert (await eve.profile()).json()["user"]["role"] == "user"


@pytest.mark.requirement(79)
async def test_an_owner_reaches_their_own_account_and_that_is_all(
    service: Service, bob: Person, eve: Person
) -> None:
    assert (await eve.get(f"/users/{eve.id}")).json()["user"]["email"] == eve.email
    assert (await eve.delete(f"/users/{eve.id}")).json()["message"] == "Your account deleted"

    assert not await eve.is_signed_in()
    assert await bob.is_signed_in()
    assert (await service.again(bob)).access_token


async def test_for_admins_what_is_malformed_is_simply_not_there(ada: Person) -> None:
    answers = [await ada.get(f"/users/{id_}") for id_ in (UNKNOWN, *MALFORMED)]

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json()["code"] for answer in answers} == {"user_not_found"}


def seen(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], str]:
    """Return all that a client can see, but for the id of the request."""
    request_id = answer.headers.pop("x-request-id")
    length = int(answer.headers.pop("content-length")) - len(request_id)
    headers = sorted([*answer.headers.multi_items(), ("length", str(length))])
    return answer.status_code, headers, answer.text.replace(request_id, "")
