"""A request that is let in, and then takes its time (OWASP ASVS 7.4.2, 8.3.2; CWE-367)."""

import json
from collections.abc import Awaitable, Callable

import pytest

from keystead.domain.user import Role
from tests.conftest import Clock, Service, StartService
from tests.people import COOKIE, Person

Meanwhile = Callable[[], Awaitable[object]]


async def held(
    service: Service, method: str, path: str, headers: dict[str, str], meanwhile: Meanwhile
) -> int:
    """Send a request whose last byte comes only after *meanwhile*. Returns: the status."""
    body = json.dumps({"status": "active"}).encode()
    pieces = [(body[:-1], True), (body[-1:], False)]
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        piece, has_more = pieces.pop(0)
        if not has_more:
            await meanwhile()
        return {"type": "http.request", "body": piece, "more_body": has_more}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    all_headers = {
        "host": "localhost",
        "content-type": "application/json",
        "content-length": str(len(body)),
        **headers,
    }
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(name.lower().encode(), text.encode()) for name, text in all_headers.items()],
        "client": ("192.0.2.1", 50_000),
    }
    await service.app(scope, receive, send)  # type: ignore[arg-type] # plain dicts are messages
    status = sent[0]["status"]
    assert isinstance(status, int)
    return status


@pytest.mark.requirement(61)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/users/{eve}/status"),
        ("PUT", "/users/{eve}/admin"),
        ("DELETE", "/users/{ada}"),
        ("DELETE", "/users/{ada}/sessions"),
        ("DELETE", "/sessions"),
    ],
)
async def test_who_was_disabled_while_the_body_was_on_its_way_does_nothing_any_more(
    service: Service, ada: Person, method: str, path: str
) -> None:
    eve = await service.person("eve", Role.ADMIN)
    path = path.format(eve=eve.id, ada=ada.id)

    status = await held(
        service,
        method,
        path,
        eve.bearer,
        lambda: ada.put(f"/users/{eve.id}/status", {"status": "disabled"}),
    )

    assert status == 401
    assert (await eve.login()).status_code == 401
    assert await ada.is_signed_in()


@pytest.mark.requirement(66)
async def test_who_was_demoted_meanwhile_administers_nothing_any_more(
    service: Service, ada: Person, bob: Person
) -> None:
    eve = await service.person("eve", Role.ADMIN)

    status = await held(
        service,
        "DELETE",
        f"/users/{bob.id}",
        eve.bearer,
        lambda: ada.put(f"/users/{eve.id}/user"),
    )

    assert status == 403
    assert await bob.is_signed_in()


@pytest.mark.parametrize("retry", ["refuse", "reissue"])
async def test_a_slow_body_does_not_stretch_the_leeway(
    start: StartService, clock: Clock, retry: str
) -> None:
    service = await start(refresh_retry=retry)
    bob = await service.person("bob")
    stolen = bob.refresh_token
    await bob.refresh()

    async def wait() -> None:
        clock.advance(seconds=14)

    cookie = {"cookie": f"{COOKIE}={stolen}"}

    assert await held(service, "POST", "/auth/refresh", cookie, wait) == 401
    assert (await bob.refresh()).json()["code"] == "session_ended"


async def test_a_slow_body_does_not_revive_an_expired_session(
    start: StartService, clock: Clock
) -> None:
    service = await start(session_idle="20s")
    bob = await service.person("bob")

    async def wait() -> None:
        clock.advance(seconds=25)

    cookie = {"cookie": f"{COOKIE}={bob.refresh_token}"}

    assert await held(service, "POST", "/auth/refresh", cookie, wait) == 401
    assert (await bob.refresh()).status_code == 401
