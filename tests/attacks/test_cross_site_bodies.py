"""
Requests that a form on somebody else's page can send: their bodies are not JSON, so they are refused.

OWASP ASVS 3.5.2, 4.1.1; CVE-2021-32677. A refusal comes before anything is read, made or rotated.
"""

import httpx
import pytest

from tests.databases import Database, content
from tests.people import Person

JSON = b'{"email": "mallory@example.com", "password": "correct horse battery staple"}'

REFUSED = (415, "media_type_unsupported")

FORMS = {
    "text": "text/plain",
    "text with JSON in its name": "text/plain; application/json",
    "form": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data; boundary=x",
    "none": None,
    "empty": "",
    "list": "text/plain, application/json",
    "suffix": "application/json-seq",
    "prefix": "x-application/json",
    "problem": "application/problem+json",
    "another charset": "application/json; charset=utf-7",
    "wide": "application/json; charset=utf-16",
    "xml": "application/xml",
}


@pytest.mark.requirement(71)
async def test_a_body_that_a_form_can_send_makes_no_account_and_no_session(
    anybody: httpx.AsyncClient, bob: Person, database: Database
) -> None:
    before = content(database)
    bodies = {"/auth/register": JSON, "/auth/login": JSON.replace(b"mallory", b"bob")}

    for name, media_type in FORMS.items():
        for path, body in bodies.items():
            answer = await send(anybody, path, body, media_type)
            assert (answer.status_code, answer.json()["code"]) == REFUSED, name
            assert "set-cookie" not in answer.headers

    assert content(database) == before
    assert await bob.is_signed_in()


@pytest.mark.requirement(71)
async def test_a_form_rotates_no_token_and_signs_nobody_out(
    bob: Person, database: Database
) -> None:
    before = content(database)

    for name, media_type in FORMS.items():
        for path in ("/auth/refresh", "/auth/logout"):
            answer = await send(bob.client, path, b"a=b", media_type)
            assert (answer.status_code, answer.json()["code"]) == REFUSED, name

    assert content(database) == before
    assert (await bob.refresh()).status_code == 200
    assert await bob.is_signed_in()


@pytest.mark.requirement(71)
async def test_a_form_changes_no_role_and_no_status(
    ada: Person, bob: Person, database: Database
) -> None:
    before = content(database)
    for path in (f"/users/{bob.id}/admin", f"/users/{bob.id}/status"):
        answer = await ada.client.put(
            path,
            content=b'{"status": "disabled"}',
            headers={**ada.bearer, "Content-Type": "text/plain"},
        )
        assert answer.status_code == 415

    assert content(database) == before


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=UTF-8", "Application/JSON"]
)
async def test_the_same_bytes_declared_as_json_pass(
    anybody: httpx.AsyncClient, media_type: str
) -> None:
    assert (await send(anybody, "/auth/register", JSON, media_type)).status_code == 201


async def send(
    client: httpx.AsyncClient, path: str, body: bytes, media_type: str | None
) -> httpx.Response:
    headers = {} if media_type is None else {"Content-Type": media_type}
    return await client.post(path, content=body, headers=headers)
