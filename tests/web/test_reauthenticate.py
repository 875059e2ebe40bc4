"""Which routes ask for a recent sign-in, what they say, and what makes it recent again."""

from dataclasses import dataclass

import pytest

from keystead.domain.step_up import StepUp
from keystead.domain.user import Role
from tests.conftest import Clock, Service, StartService
from tests.people import PASSWORD, Person
from tests.web.calls import ROUTES, caller, key
from tests.web.expect import assert_problem, but_request_id

ASKS = {key(route): route.access.recent for route in ROUTES if route.access.recent}
REAUTHENTICATE = "/auth/reauthenticate"


@dataclass
class Late:
    """Ada and Bob, whose sign-in is just too old."""

    ada: Person
    bob: Person


async def too_late(service: Service, clock: Clock, minutes: float = 10) -> Late:
    late = Late(await service.person("ada", Role.ADMIN), await service.person("bob"))
    clock.advance(minutes=minutes)
    for person in (late.ada, late.bob):
        assert (await person.refresh()).status_code == 200
    return late


async def prove(person: Person, password: str = PASSWORD) -> int:
    body = {"password": password}
    answer = await person.client.post(REAUTHENTICATE, json=body, headers=person.bearer)
    return answer.status_code


def test_what_asks_is_what_gives_power_away_or_cannot_be_undone() -> None:
    assert ASKS == {
        "PUT /users/{user_id}/status": StepUp.ADDED,
        "DELETE /users/{user_id}/sessions": StepUp.ADDED,
        "PUT /users/{user_id}/admin": StepUp.ALL,
        "DELETE /users/{user_id}": StepUp.ALL,
    }


@pytest.mark.parametrize("setting", ["added", "all", "off"])
async def test_each_setting_asks_on_its_routes(
    start: StartService, clock: Clock, setting: str
) -> None:
    late = await too_late(await start(step_up=setting), clock)
    asking = await caller(late.ada, late.bob)

    asked = {route for route in ASKS if (await asking.ask(route)).status_code == 401}

    covered = {"added": {StepUp.ADDED}, "all": set(StepUp), "off": set()}[setting]
    assert asked == {route for route, asks in ASKS.items() if asks in covered}


async def test_the_published_routes_work_as_published_unless_it_is_set_otherwise(
    service: Service, clock: Clock
) -> None:
    late = await too_late(service, clock, minutes=60 * 24)

    for path in ("admin", "user"):
        assert (await late.ada.put(f"/users/{late.bob.id}/{path}")).status_code == 200
    assert (await late.bob.delete(f"/users/{late.bob.id}")).status_code == 200


@pytest.mark.parametrize("route", ASKS)
async def test_the_refusal_says_how_recent_it_has_to_be(
    start: StartService, clock: Clock, route: str
) -> None:
    """RFC 9470 section 3."""
    late = await too_late(await start(step_up="all", step_up_window="2m"), clock, minutes=2)

    answer = await (await caller(late.ada, late.bob)).ask(route)

    assert_problem(answer, 401, "reauthentication_required")
    challenge = 'Bearer error="insufficient_user_authentication", max_age="120"'
    assert answer.headers["www-authenticate"] == challenge
    assert "set-cookie" not in answer.headers


async def test_a_sign_in_counts_for_the_whole_window(start: StartService, clock: Clock) -> None:
    service = await start(access_token_lifetime="1h")
    ada, bob = await service.person("ada", Role.ADMIN), await service.person("bob")
    asking = await caller(ada, bob)
    clock.advance(minutes=10, milliseconds=-1)
    assert (await asking.ask("DELETE /users/{user_id}/sessions")).status_code == 200

    clock.advance(milliseconds=1)

    refused = await asking.ask("DELETE /users/{user_id}/sessions")
    assert_problem(refused, 401, "reauthentication_required")


async def test_proving_the_password_opens_what_asked_and_keeps_both_tokens(
    service: Service, clock: Clock
) -> None:
    late = await too_late(service, clock)
    token = late.ada.refresh_token
    disabled = {"status": "disabled"}
    assert (await late.ada.put(f"/users/{late.bob.id}/status", disabled)).status_code == 401

    assert await prove(late.ada) == 200

    assert (await late.ada.put(f"/users/{late.bob.id}/status", disabled)).status_code == 200
    assert late.ada.refresh_token == token
    assert (await late.ada.refresh()).status_code == 200


async def test_neither_use_nor_a_refresh_nor_another_device_makes_a_sign_in_recent(
    service: Service, clock: Clock
) -> None:
    late = await too_late(service, clock)
    another = await service.again(late.ada)
    assert await prove(another) == 200

    await late.ada.profile()
    await late.ada.refresh()

    refused = await late.ada.delete(f"/users/{late.bob.id}/sessions")
    assert_problem(refused, 401, "reauthentication_required")
    assert (await another.delete(f"/users/{late.bob.id}/sessions")).status_code == 200


@pytest.mark.parametrize("route", [route for route in ASKS if not route.startswith("DELETE")])
async def test_who_may_not_is_told_so_and_nothing_of_passwords(
    start: StartService, clock: Clock, route: str
) -> None:
    late = await too_late(await start(step_up="all"), clock)
    of_stale = await (await caller(late.bob, late.ada)).ask(route)
    assert await prove(late.bob) == 200

    of_recent = await (await caller(late.bob, late.ada)).ask(route)

    assert_problem(of_recent, 403, "forbidden")
    assert but_request_id(of_stale) == but_request_id(of_recent)


async def test_it_is_asked_before_input_and_existence_are_looked_at(
    start: StartService, clock: Clock
) -> None:
    late = await too_late(await start(step_up="all"), clock)

    answers = [
        await late.ada.put(f"/users/{late.bob.id}/status", {"status": 1}),
        await late.ada.put("/users/nobody/status", {"status": "disabled"}),
        await late.ada.put("/users/nobody/admin"),
        await late.ada.delete("/users/nobody"),
        await late.ada.delete("/users/nobody/sessions"),
    ]

    for answer in answers:
        assert_problem(answer, 401, "reauthentication_required")


async def test_demoting_somebody_never_waits_for_a_password(
    start: StartService, clock: Clock
) -> None:
    service = await start(step_up="all")
    late = await too_late(service, clock)
    eve = await service.person("eve", Role.ADMIN)

    assert (await late.ada.put(f"/users/{eve.id}/user")).status_code == 200

    assert (await eve.get("/users")).status_code == 403


@pytest.mark.parametrize("spelling", ["admin", "%61dmin", "Admin", "admin/", "admin%00"])
async def test_no_spelling_of_admin_goes_by_the_other_route(
    start: StartService, clock: Clock, spelling: str
) -> None:
    late = await too_late(await start(step_up="all"), clock)

    assert (await late.ada.put(f"/users/{late.bob.id}/{spelling}")).status_code in {400, 401, 404}

    assert (await late.bob.profile()).json()["user"]["role"] == "user"


@pytest.mark.parametrize("body", [{}, {"password": None}, {"password": 1}, {"password": ["x"]}])
async def test_a_password_is_a_text(bob: Person, body: dict[str, object]) -> None:
    answer = await bob.client.post(REAUTHENTICATE, json=body, headers=bob.bearer)

    assert_problem(answer, 400, "input_invalid", "password")
