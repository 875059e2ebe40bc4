"""What admins see of the audit log."""

from typing import Any

import pytest

from tests.conftest import Clock, Service
from tests.people import Person
from tests.web.expect import assert_problem

pytestmark = pytest.mark.requirement(88)

RECORD = {
    *("_id", "seq", "at", "event", "severity", "actor", "subject", "session", "ended", "detail"),
    *("ip", "userAgent"),
}


async def page(admin: Person, **query: object) -> dict[str, Any]:
    answer = await admin.get("/audit", params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_the_log_is_a_page_of_records_newest_first(
    ada: Person, clock: Clock, service: Service
) -> None:
    clock.advance(seconds=1)
    bob = await service.person("bob")

    body = await page(ada)

    assert set(body) == {"message", "records", "nextCursor"}
    assert (body["message"], body["nextCursor"]) == ("Audit log fetched", None)
    assert all(set(record) == RECORD for record in body["records"])
    ids = [record["_id"] for record in body["records"]]
    assert ids == sorted(ids, reverse=True)
    made = next(record for record in body["records"] if record["subject"] == bob.id)
    assert (made["event"], made["at"]) == ("user_created", "2026-01-01T12:00:01.000Z")
    assert made["severity"] == "info"


@pytest.mark.requirement(83)
async def test_page_after_page_has_every_record_once(ada: Person, bob: Person) -> None:
    for _ in range(5):
        await bob.login()
    everything = [record["_id"] for record in (await page(ada))["records"]]

    found: list[str] = []
    cursor: dict[str, object] = {}
    while True:
        body = await page(ada, limit=3, **cursor)
        assert len(body["records"]) <= 3
        found += [record["_id"] for record in body["records"]]
        if body["nextCursor"] is None:
            break
        cursor = {"cursor": body["nextCursor"]}

    assert found == everything
    assert len(found) > 10


async def test_what_is_asked_for_is_found_by_who_whom_and_what(ada: Person, bob: Person) -> None:
    await ada.put(f"/users/{bob.id}/admin")

    for query, expected in [
        ({"subject": bob.id}, {"user_created", "authz_change"}),
        ({"subject": bob.id, "actor": ada.id}, {"authz_change"}),
        ({"actor": bob.id}, {"authn_login_success"}),
        ({"event": "authz_change"}, {"authz_change"}),
        ({"event": "authz_change", "actor": bob.id}, set()),
        ({"actor": "nobody"}, set()),
    ]:
        found = (await page(ada, **query))["records"]
        assert {record["event"] for record in found} == expected


@pytest.mark.requirement(83)
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": "0"}, "input_invalid"),
        ({"limit": "101"}, "input_invalid"),
        ({"event": "whatever"}, "input_invalid"),
        ({"actor": "x" * 65}, "input_invalid"),
        ({"order": "asc"}, "input_invalid"),
        ({"cursor": "!!!"}, "cursor_invalid"),
        ({"cursor": "AA"}, "cursor_invalid"),
        ({"cursor": "x" * 65}, "input_invalid"),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    ada: Person, query: dict[str, str], code: str
) -> None:
    fields = query if code == "input_invalid" else ()
    assert_problem(await ada.get("/audit", params=query), 400, code, *fields)


async def test_users_do_not_read_it_and_that_is_in_it(ada: Person, bob: Person) -> None:
    assert_problem(await bob.get("/audit"), 403, "forbidden")

    (record,) = (await page(ada, event="authz_fail"))["records"]
    assert (record["actor"], record["detail"]) == (bob.id, "audit:read")
    assert record["severity"] == "warning"
