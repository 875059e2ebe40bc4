"""What an admin sees at a glance."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keystead.domain.user import Role
from tests.conftest import Clock, Service, StartService
from tests.people import Person
from tests.places.databases import LONDON, write_database


async def overview(admin: Person, **headers: str) -> dict[str, Any]:
    answer = await admin.client.get("/overview", headers={**admin.bearer, **headers})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_accounts_sessions_and_the_days_are_counted(
    ada: Person, bob: Person, clock: Clock, service: Service
) -> None:
    clock.advance(days=1)
    await bob.login()
    await Person(service.client(), bob.email, "a wrong one").login()
    eve = await service.person("eve")
    await ada.login()
    assert (await ada.put(f"/users/{eve.id}/status", {"status": "disabled"})).status_code == 200

    found = await overview(ada)

    assert found["accounts"] == {"total": 3, "admins": 1, "disabled": 1}
    assert found["sessions"] == 2
    assert len(found["days"]) == 15
    yesterday, today = found["days"][-2:]
    assert today == {
        "day": "2026-01-02", "signIns": 3, "failures": 1, "registrations": 1, "replays": 0,
    }  # fmt: skip
    assert (yesterday["day"], yesterday["signIns"], yesterday["registrations"]) == (
        "2026-01-01", 2, 2,
    )  # fmt: skip


async def test_what_runs_here_is_said_and_where_counts_stop(ada: Person) -> None:
    found = await overview(ada)

    assert found["database"] in {"SQLite", "PostgreSQL", "MongoDB"}
    assert (found["counted"], found["countedADay"]) == (50_000, 10_000)
    assert found["version"]
    assert found["geoBuiltAt"] is None


async def test_sessions_without_a_place_are_counted_by_their_networks(
    ada: Person, service: Service
) -> None:
    await service.again(ada, ip="198.51.100.7")
    await service.again(ada, ip="198.51.100.8")

    found = await overview(ada)

    assert found["sampled"] == 3
    assert found["places"] == []
    assert found["networks"] == [
        {"network": "198.51.100.0/24", "sessions": 2},
        {"network": "192.0.2.0/24", "sessions": 1},
    ]


async def test_a_city_is_counted_once_whatever_its_coordinates(
    start: StartService, tmp_path: Path
) -> None:
    nearby = {**LONDON, "location": {"latitude": 51.61, "longitude": -0.2}}
    nowhere = {"country": {"iso_code": "US", "names": {"en": "United States"}}}
    found_at = {"81.2.69.0/24": LONDON, "81.2.70.0/24": nearby, "8.8.8.0/24": nowhere}
    service = await start(geo_db_file_path=write_database(tmp_path / "city.mmdb", found_at))
    ada = await admin_of(service)
    for ip in ("81.2.69.160", "81.2.70.1", "8.8.8.8"):
        await service.again(ada, ip=ip)

    found = await overview(ada)

    places = [(one["city"], one["country"], one["sessions"]) for one in found["places"]]
    assert places == [("London", "United Kingdom", 2), (None, "United States", 1)]
    assert found["sampled"] == 4


@pytest.mark.parametrize(("days", "warnings"), [(44, []), (46, ["geo_database_old"])])
async def test_a_geo_database_that_no_edition_has_replaced_is_old(
    start: StartService, tmp_path: Path, clock: Clock, days: int, warnings: list[str]
) -> None:
    path = write_database(tmp_path / "city.mmdb", {"81.2.69.0/24": LONDON})
    ada = await admin_of(await start(geo_db_file_path=path))
    built_at = datetime.fromisoformat((await overview(ada))["geoBuiltAt"])

    clock.now = built_at + timedelta(days=days)
    await ada.login()

    assert (await overview(ada))["warnings"] == warnings


async def test_a_proxy_that_is_not_believed_is_noticed(ada: Person) -> None:
    assert "proxy_untrusted" not in (await overview(ada))["warnings"]

    found = await overview(ada, **{"X-Forwarded-For": "203.0.113.9"})

    assert "proxy_untrusted" in found["warnings"]


async def test_a_trusted_proxy_that_says_nothing_is_noticed(start: StartService) -> None:
    service = await start(trusted_proxies="192.0.2.0/24")
    ada = await admin_of(service)

    assert "proxy_silent" in (await overview(ada))["warnings"]
    found = await overview(ada, **{"X-Forwarded-For": "203.0.113.9"})
    assert not {"proxy_silent", "proxy_untrusted"} & set(found["warnings"])


@pytest.mark.parametrize(
    ("given", "warning"),
    [
        ({"jwt_secret": "your-super-secret-key-for-jwt-tokens"}, "jwt_secret_weak"),
        ({"throttle": "off"}, "throttle_off"),
    ],
)
async def test_what_should_not_stay_so_is_a_warning(
    start: StartService, given: dict[str, str], warning: str
) -> None:
    ada = await admin_of(await start(**given))

    assert warning in (await overview(ada))["warnings"]


async def test_without_a_geo_database_and_nothing_else_wrong_that_is_all(ada: Person) -> None:
    assert (await overview(ada))["warnings"] == ["geo_database_missing"]


async def admin_of(service: Service) -> Person:
    return await service.person("ada", Role.ADMIN)
