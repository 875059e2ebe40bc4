"""A route that does not say who may use it stops the start (OWASP ASVS 5.0 8.2.1)."""

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from keystead.app import build
from keystead.domain.permissions import Permission
from keystead.domain.step_up import StepUp
from keystead.web import profile
from keystead.web.access import (
    NEEDS,
    PUBLIC,
    SIGNED_IN,
    Guarded,
    Routes,
    UndeclaredAccess,
    check_declared,
)
from keystead.web.call import Call
from tests.conftest import MakeSettings, Service
from tests.web.calls import ROUTES


async def endpoint(_: Call) -> Response:
    """Answer."""
    return Response()


async def socket(_: WebSocket) -> None:
    """Talk."""


UNDECLARED = [
    APIRoute("/forgotten", endpoint),
    Route("/forgotten", endpoint),
    Mount("/forgotten", app=APIRouter()),
    WebSocketRoute("/forgotten", socket),
]


@pytest.mark.requirement(78)
@pytest.mark.parametrize("route", UNDECLARED, ids=lambda route: type(route).__name__)
def test_an_application_with_an_undeclared_route_is_not_built(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch, route: BaseRoute
) -> None:
    monkeypatch.setattr(profile, "routes", [*profile.routes, route])

    with pytest.raises(UndeclaredAccess, match="forgotten"):
        build(make_settings())


async def test_the_framework_by_itself_runs_no_route(service: Service) -> None:
    transport = httpx.ASGITransport(service.app.app)

    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost"
    ) as around_the_shell:
        with pytest.raises(RuntimeError, match="shell"):
            await around_the_shell.get("/livez")


def test_access_cannot_be_left_out() -> None:
    with pytest.raises(TypeError, match="access"):
        Routes().add("GET", "/forgotten")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="access"):
        Guarded("GET", "/forgotten", endpoint)  # type: ignore[call-arg]


def test_every_route_of_the_application_is_guarded() -> None:
    check_declared(ROUTES)
    assert all(str(route.access) for route in ROUTES)


def test_access_reads_as_it_is_declared() -> None:
    """What `keystead routes` prints, and reviews compare."""
    assert str(PUBLIC) == "PUBLIC"
    assert str(SIGNED_IN) == "SIGNED_IN"
    assert str(NEEDS(Permission.USERS_LIST)) == "NEEDS(users:list)"
    recent = NEEDS(Permission.USER_DELETE, recent=StepUp.ALL)
    assert str(recent) == "NEEDS(user:delete, recent=all)"


def test_whoever_names_an_owner_needs_a_permission() -> None:
    """A path that names a user and asks for nothing but a session would be open to everybody."""
    for route in ROUTES:
        if "user_id" in route.param_convertors:
            assert route.access.permission is not None, route.path
