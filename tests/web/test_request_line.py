"""What the log says of a refused request: why, in the words of the answer, and by which limit."""

from typing import Any, NoReturn

import httpx
import pytest

from tests.conftest import Clock, ReadLog, Service, StartService
from tests.people import Person


def last_request(read_log: ReadLog) -> dict[str, Any]:
    return [line for line in read_log() if line["event"] == "request"][-1]


async def test_the_line_of_a_request_has_the_code_of_its_answer(
    anybody: httpx.AsyncClient, read_log: ReadLog
) -> None:
    answers = [
        await anybody.get("/profile"),
        await anybody.get("/nowhere"),
        await anybody.patch("/livez"),
        await anybody.post("/auth/login", json={}),
        await anybody.post("/auth/login", content="x", headers={"Content-Type": "text/plain"}),
        await anybody.get("/profile", headers={"Host": "evil.example"}),
    ]

    lines = [line for line in read_log() if line["event"] == "request"]
    assert [answer.status_code for answer in answers] == [401, 404, 405, 400, 415, 421]
    assert [(line["status"], line["code"]) for line in lines] == [
        (answer.status_code, answer.json()["code"]) for answer in answers
    ]
    assert [line["limit"] for line in lines] == [None] * len(answers)


async def test_so_does_the_line_of_a_refresh_that_ended_a_session(
    bob: Person, clock: Clock, read_log: ReadLog
) -> None:
    spent = bob.refresh_token
    for _ in range(2):
        clock.advance(minutes=1)
        await bob.refresh()

    bob.client.cookies.clear()
    await bob.client.post("/auth/refresh", headers={"Cookie": f"refreshToken={spent}"})

    line = last_request(read_log)
    assert (line["status"], line["code"]) == (401, "refresh_reused")


async def test_so_does_the_line_of_a_bug(
    service: Service, bob: Person, read_log: ReadLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> NoReturn:
        raise RuntimeError

    monkeypatch.setattr(service.tools.store, "list_sessions", fail)
    assert (await bob.get("/sessions")).status_code == 500

    assert last_request(read_log)["code"] == "internal_error"


async def test_the_line_of_a_request_that_was_answered_has_no_code(
    bob: Person, read_log: ReadLog
) -> None:
    assert await bob.is_signed_in()

    line = last_request(read_log)
    assert (line["status"], line["code"], line["limit"]) == (200, None, None)


@pytest.mark.parametrize(
    ("limit", "addresses", "accounts"),
    [
        ("sign-in-address", 1, 9),
        ("sign-in-network", 60, 60),
        ("account", 9, 1),
    ],
)
async def test_a_429_is_traced_to_its_limit(
    start: StartService, read_log: ReadLog, limit: str, addresses: int, accounts: int
) -> None:
    service = await start(throttle_sign_ins=5)
    clients = [service.client(f"198.51.100.{n}") for n in range(addresses)]

    for n in range(60):
        body = {"email": f"{n % accounts}@example.com", "password": "incorrect horse"}
        answer = await clients[n % addresses].post("/auth/login", json=body)
        if answer.status_code == 429:
            break

    line = last_request(read_log)
    assert (line["status"], line["code"], line["limit"]) == (429, "throttled", limit)
    assert answer.headers["ratelimit"].startswith(f'"{limit}";')
