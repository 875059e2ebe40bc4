"""Other people's sessions: seen, ended or guessed (OWASP ASVS 7.5.2, 8.2.2; API1:2023)."""

import httpx
import pytest

from tests.conftest import Service
from tests.people import Person


@pytest.mark.requirement(64)
async def test_a_foreign_session_is_as_unknown_as_one_that_never_was(
    service: Service, bob: Person, eve: Person
) -> None:
    foreign = await session_of(bob)
    ended = await session_of(await service.again(eve))
    await eve.delete(f"/sessions/{ended}")
    ids = [
        foreign, ended, "01234567-89ab-7cde-8f01-23456789abcd", foreign.upper(), foreign + "%20",
        "%20" + foreign, "current", "*", "%25", "null", "' OR 1=1 --", "%00", "%2e%2e", "a" * 5000,
    ]  # fmt: skip

    answers = {id_: anonymous(await eve.delete(f"/sessions/{id_}")) for id_ in ids}

    assert answers == dict.fromkeys(ids, answers[foreign])
    assert answers[foreign][0] == 404
    assert await bob.is_signed_in()
    assert (await bob.refresh()).status_code == 200
    assert await eve.is_signed_in()


async def test_an_admin_too_ends_foreign_sessions_only_where_it_is_said(
    ada: Person, bob: Person
) -> None:
    assert (await ada.delete(f"/sessions/{await session_of(bob)}")).status_code == 404

    assert await bob.is_signed_in()


@pytest.mark.requirement(64)
async def test_everybody_sees_and_ends_their_own_only(
    service: Service, bob: Person, eve: Person
) -> None:
    await service.again(bob)

    listed = (await eve.get("/sessions", params={})).json()["sessions"]

    assert [session["sessionId"] for session in listed] == [await session_of(eve)]
    assert [session["current"] for session in listed] == [True]
    assert (await eve.delete("/sessions")).json()["ended"] == 1
    assert await bob.is_signed_in()


async def test_no_parameter_widens_whose_sessions_are_meant(bob: Person, eve: Person) -> None:
    for name in ("user", "userId", "user_id", "owner", "_id", "id", "all"):
        answers = [
            await eve.get("/sessions", params={name: bob.id}),
            await eve.client.request(
                "DELETE", "/sessions", headers=eve.bearer, params={name: bob.id}
            ),
        ]
        assert bob.id not in "".join(answer.text for answer in answers)
        assert await bob.is_signed_in()
        assert answers[1].status_code == 400


@pytest.mark.requirement(79)
async def test_a_user_reaches_no_sessions_through_the_admins_routes(
    bob: Person, eve: Person
) -> None:
    for owner in (bob.id, eve.id, "01234567-89ab-7cde-8f01-23456789abcd", "x"):
        assert (await eve.get(f"/users/{owner}/sessions")).status_code == 403
        assert (await eve.delete(f"/users/{owner}/sessions")).status_code == 403
    assert await bob.is_signed_in()


async def session_of(person: Person) -> str:
    return str((await person.profile()).json()["session"]["sessionId"])


def anonymous(answer: httpx.Response) -> tuple[int, list[str], str]:
    request_id = answer.headers["x-request-id"]
    return answer.status_code, sorted(answer.headers), answer.text.replace(request_id, "")
