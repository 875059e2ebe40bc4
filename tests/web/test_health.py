"""What a host's health check, an orchestrator and a person are told."""

import httpx
import pytest

from keystead import __version__
from tests.conftest import StartService
from tests.databases import Database
from tests.web.expect import assert_problem


async def test_the_root_says_what_runs_here(anybody: httpx.AsyncClient) -> None:
    answer = await anybody.get("/")

    assert answer.status_code == 200
    assert answer.json() == {"name": "Keystead", "version": __version__, "status": "ok"}


async def test_the_root_has_the_name_that_was_chosen(start: StartService) -> None:
    service = await start(app_name="Accounts of Example")

    assert (await service.client().get("/")).json()["name"] == "Accounts of Example"


async def test_the_root_is_honest_about_the_database(
    anybody: httpx.AsyncClient, database: Database
) -> None:
    with database.broken():
        answer = await anybody.get("/")

    assert answer.status_code == 200  # the host's check must find the process
    assert answer.json()["status"] == "degraded"
    assert (await anybody.get("/")).json()["status"] == "ok"


async def test_an_outage_of_the_database_is_no_reason_to_restart(
    anybody: httpx.AsyncClient, database: Database
) -> None:
    with database.broken():
        answer = await anybody.get("/livez")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


async def test_an_outage_of_the_database_is_a_reason_to_send_no_traffic(
    anybody: httpx.AsyncClient, database: Database
) -> None:
    with database.broken():
        assert_problem(await anybody.get("/readyz"), 503, "store_unavailable")

    answer = await anybody.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/", "/livez", "/readyz"])
async def test_a_health_check_may_ask_without_the_body(
    anybody: httpx.AsyncClient, path: str
) -> None:
    """RFC 9110 section 9.3.2: the headers of GET, and nothing after them."""
    whole = await anybody.get(path)

    head = await anybody.head(path)

    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(whole.content))
    assert head.headers["content-type"] == whole.headers["content-type"] == "application/json"


async def test_a_health_check_needs_no_credentials_and_minds_none(
    anybody: httpx.AsyncClient,
) -> None:
    headers = {"Authorization": "Bearer garbage", "Cookie": "refreshToken=garbage"}

    for path in ("/", "/livez", "/readyz"):
        assert (await anybody.get(path, headers=headers)).status_code == 200
