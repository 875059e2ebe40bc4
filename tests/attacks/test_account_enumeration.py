"""Finding out who has an account by signing in as them (OWASP ASVS 6.3.8)."""

import httpx
import pytest

from tests.conftest import Service
from tests.people import FIREFOX, Person

Seen = tuple[int, list[tuple[str, str]], str]


@pytest.mark.requirement(13)
async def test_unknown_wrong_and_disabled_are_one_answer(
    service: Service, ada: Person, bob: Person, eve: Person
) -> None:
    await ada.put(f"/users/{eve.id}/status", {"status": "disabled"})
    deleted = await service.person("mallory")
    await deleted.delete(f"/users/{deleted.id}")
    attempts = {
        "unknown": Person(service.client(), "nobody@example.com"),
        "wrong password": Person(service.client(), bob.email, "incorrect horse battery"),
        "wrong password of an admin": Person(service.client(), ada.email, "incorrect horse"),
        "disabled": Person(service.client(), eve.email, eve.password),
        "disabled, wrong password": Person(service.client(), eve.email, "incorrect horse battery"),
        "deleted": Person(service.client(), deleted.email, deleted.password),
        "over-long password": Person(service.client(), bob.email, "p" * 5000),
        "over-long password, unknown": Person(service.client(), "nobody@example.com", "p" * 5000),
        "empty password": Person(service.client(), bob.email, ""),
        "empty password, unknown": Person(service.client(), "nobody@example.com", ""),
    }

    answers = {name: seen(await person.login()) for name, person in attempts.items()}

    assert answers == dict.fromkeys(attempts, answers["unknown"])
    status, headers, body = answers["unknown"]
    assert status == 401
    assert '"code":"invalid_credentials"' in body
    assert "set-cookie" not in dict(headers)


@pytest.mark.requirement(13)
async def test_a_session_held_while_guessing_changes_nothing(service: Service, bob: Person) -> None:
    guesser = service.client(user_agent=FIREFOX)
    await Person(guesser, bob.email, bob.password).login()

    known = seen(await Person(guesser, bob.email, "incorrect horse battery").login())
    unknown = seen(await Person(guesser, "nobody@example.com", "incorrect horse battery").login())

    assert known == unknown


def seen(answer: httpx.Response) -> Seen:
    """Return all that a client can see, but for the id of the request."""
    request_id = answer.headers.pop("x-request-id")
    length = int(answer.headers.pop("content-length")) - len(request_id)
    headers = sorted([*answer.headers.multi_items(), ("length", str(length))])
    return answer.status_code, headers, answer.text.replace(request_id, "")
