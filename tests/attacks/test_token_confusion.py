"""
One kind of token in the place of another, and tokens where none are looked for.

RFC 8725 section 3.12, RFC 9700 section 4.3.2, RFC 6750 section 2; OWASP ASVS 9.2.2, 14.2.1.
"""

import httpx
import pytest

from tests.attacks.forge import (
    REFUSED,
    answer_to,
    ecdsa_with,
    put_together,
    stolen_key,
    take_apart,
)
from tests.databases import Database
from tests.people import Person, profile_with, refresh_with

CHALLENGE = "Bearer"


@pytest.mark.requirement(43)
async def test_nothing_but_an_access_token_is_a_bearer_token(
    anybody: httpx.AsyncClient, ada: Person, bob: Person, eve: Person
) -> None:
    page = await ada.get("/users", params={"limit": 1})
    session = (await bob.profile()).json()["session"]["sessionId"]
    others = [bob.refresh_token or "", page.json()["nextCursor"], session, bob.id, bob.password]

    answers = [await answer_to(anybody, other) for other in others]

    assert answers == [REFUSED] * len(others)
    assert await eve.is_signed_in()


@pytest.mark.requirement(43)
async def test_an_access_token_is_no_refresh_token(anybody: httpx.AsyncClient, bob: Person) -> None:
    answer = await refresh_with(anybody, bob.access_token)

    assert (answer.status_code, answer.json()["code"]) == (401, "refresh_invalid")
    assert "set-cookie" not in answer.headers
    assert await bob.is_signed_in()
    assert (await bob.refresh()).status_code == 200


@pytest.mark.requirement(43)
@pytest.mark.parametrize("kind", ["JWT", "refresh+jwt", "at+jws", "AT+JWT ", "", None, ["at+jwt"]])
async def test_a_signed_token_of_another_kind_is_refused(
    anybody: httpx.AsyncClient, bob: Person, database: Database, kind: object
) -> None:
    header, claims = take_apart(bob.access_token)

    token = put_together({**header, "typ": kind}, claims, ecdsa_with(stolen_key(database)))

    assert await answer_to(anybody, token) == REFUSED


@pytest.mark.requirement(43)
async def test_tokens_in_each_others_place_sign_nobody_out(
    anybody: httpx.AsyncClient, bob: Person
) -> None:
    swapped = {
        "Authorization": f"Bearer {bob.refresh_token}",
        "Cookie": f"refreshToken={bob.access_token}",
    }

    answer = await anybody.post("/auth/logout", headers=swapped)

    assert answer.status_code == 200
    assert await bob.is_signed_in()
    assert (await bob.refresh()).status_code == 200


@pytest.mark.requirement(49)
@pytest.mark.parametrize("name", ["access_token", "accessToken", "token", "Authorization", "jwt"])
async def test_a_token_is_looked_for_in_the_authorization_header_only(
    anybody: httpx.AsyncClient, bob: Person, name: str
) -> None:
    token = bob.access_token
    elsewhere = [
        await anybody.get("/profile", params={name: token}),
        await anybody.get("/profile", params={name: f"Bearer {token}"}),
        await anybody.get("/profile", headers={"Cookie": f"{name}={token}"}),
        await anybody.get("/profile", headers={f"X-{name}": token}),
        await anybody.request("GET", "/profile", json={name: token}),
        await anybody.request("GET", "/profile", data={name: token}),
    ]

    assert {answer.status_code for answer in elsewhere} == {401}
    assert {answer.json()["code"] for answer in elsewhere} == {"token_missing"}
    assert {answer.headers["www-authenticate"] for answer in elsewhere} == {CHALLENGE}


@pytest.mark.parametrize("scheme", ["Basic", "Token", "JWT", "DPoP", "Bearer:", "BearerBearer", ""])
async def test_another_scheme_is_no_bearer_token(
    anybody: httpx.AsyncClient, bob: Person, scheme: str
) -> None:
    value = f"{scheme} {bob.access_token}".strip()

    answer = await anybody.get("/profile", headers={"Authorization": value})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith(CHALLENGE)


async def test_of_two_authorization_headers_neither_counts(
    anybody: httpx.AsyncClient, bob: Person, eve: Person
) -> None:
    both = [("Authorization", person.bearer["Authorization"]) for person in (bob, eve)]

    answer = await anybody.get("/profile", headers=both)

    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


@pytest.mark.requirement(69)
async def test_a_refresh_token_in_url_header_or_body_refreshes_nothing(
    anybody: httpx.AsyncClient, bob: Person
) -> None:
    token = bob.refresh_token
    elsewhere = [
        await anybody.post("/auth/refresh", params={"refreshToken": token}),
        await anybody.post("/auth/refresh", json={"refreshToken": token, "refresh_token": token}),
        await anybody.post("/auth/refresh", headers={"X-Refresh-Token": str(token)}),
        await anybody.post("/auth/refresh", headers={"Authorization": f"Bearer {token}"}),
    ]

    assert {answer.json()["code"] for answer in elsewhere} == {"refresh_missing"}
    # Nothing was rotated: the token is still the newest.
    assert (await bob.refresh()).status_code == 200
    assert (await profile_with(anybody, bob.access_token)).status_code == 200
