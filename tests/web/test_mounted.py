"""What `create_app` gives to an application that mounts it, in this process."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from starlette.applications import Starlette
from starlette.routing import Mount

from keystead import logs
from keystead.app import create_app
from keystead.domain.errors import StoreDown
from keystead.settings import Settings, SettingsRefused
from tests.conftest import HOME, MakeSettings
from tests.web.expect import assert_problem


@pytest.fixture(autouse=True)
def _own_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(logs, "_lines", logs._lines)
    yield
    logs.configure("console")


def client_of(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOME)


@pytest.mark.parametrize(
    "path",
    ["accounts", "/accounts/", "//accounts", "/a b", '/"><script>', "/ä", "/..", "/a/../b", "/a?b"],
)
def test_what_is_no_path_is_refused(settings: Settings, path: str) -> None:
    with pytest.raises(ValueError, match="no path to mount at"):
        create_app(path, settings)


def test_settings_are_those_of_the_environment_and_are_refused_as_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KEYSTEAD_ENVIRONMENT", "production")

    with pytest.raises(SettingsRefused, match="KEYSTEAD_ALLOWED_HOSTS"):
        create_app("/accounts")


async def test_whoever_forgets_to_run_it_is_told_that_the_database_does_not_answer(
    settings: Settings,
) -> None:
    accounts = create_app("/accounts", settings)

    async with client_of(Starlette(routes=[Mount(accounts.path, accounts)])) as client:
        assert (await client.get("/accounts/livez")).status_code == 200
        assert_problem(await client.get("/accounts/readyz"), 503, "store_unavailable")
        async with accounts.running():
            assert (await client.get("/accounts/readyz")).status_code == 200
        assert_problem(await client.get("/accounts/readyz"), 503, "store_unavailable")


async def test_it_can_be_deep_inside_and_at_the_root(settings: Settings) -> None:
    for path in ("/v1/my.own/accounts", ""):
        accounts = create_app(path, settings)
        outer = Starlette(routes=[Mount(path, accounts)])
        async with accounts.running(), client_of(outer) as client:
            assert (await client.get(f"{path}/readyz")).status_code == 200
            shell = (await client.get(f"{path}/account")).text
            assert f'data-root="{path}"' in shell
            assert f'href="{path}/account"' in shell


async def test_a_path_put_before_it_by_a_server_is_part_of_its_own(settings: Settings) -> None:
    """With `root_path`, ASGI says, `path` has it too."""
    accounts = create_app("/v1/accounts", settings)
    transport = httpx.ASGITransport(
        Starlette(routes=[Mount("/accounts", accounts)]), root_path="/v1"
    )
    async with (
        accounts.running(),
        httpx.AsyncClient(transport=transport, base_url=HOME) as client,
    ):
        assert (await client.get("/v1/accounts/readyz")).status_code == 200


async def test_what_the_application_around_it_logs_stays_its_own(settings: Settings) -> None:
    before = structlog.get_config()

    accounts = create_app("/accounts", settings)
    async with accounts.running():
        assert structlog.get_config() == before


async def test_a_file_that_cannot_be_opened_stops_the_application(
    make_settings: MakeSettings, tmp_path: Path
) -> None:
    # A folder.
    accounts = create_app("/accounts", make_settings(database_url=f"sqlite:///{tmp_path}"))

    with pytest.raises(StoreDown):
        async with accounts.running():
            raise AssertionError("it must not get as far")
