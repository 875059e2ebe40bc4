"""Builds the ASGI application: the routes, the tools they work with, and what runs beside them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

from fastapi import FastAPI

from keystead import __version__, logs
from keystead.assembly import Clock, system_clock
from keystead.crypto.random import SystemRandomness
from keystead.domain.passwords import MIN_LENGTHS
from keystead.lifetime import connected
from keystead.logs import log
from keystead.places.refresh import keep_fresh
from keystead.settings import Settings
from keystead.web import (
    audit,
    auth,
    docs,
    health,
    jwks,
    overview,
    pages,
    profile,
    sessions,
    users,
    verify,
)
from keystead.web.access import Guarded, check_declared
from keystead.web.call import Context
from keystead.web.cookies import CookiePolicy
from keystead.web.page_files import PageFiles, Site, read_contents
from keystead.web.shell import Reach, Shell
from keystead.web.tally import Tally
from keystead.web.traced_shell import TracedShell

if TYPE_CHECKING:
    from keystead.traces.tracing import Tracing


def build(settings: Settings, clock: Clock = system_clock) -> Shell:
    """
    Return the ASGI application; it connects when the server starts it.

    Raises: UndeclaredAccess: a route does not say who may use it.
    """
    context = _context(settings, clock)
    tally = None if settings.metrics_port is None else Tally()
    tracing = _tracing(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with _operators(settings, context, tally), connected(settings, context, tracing):
            stop_geo_updates = _start_geo_updates(settings)
            yield
            stop_geo_updates()
        if tracing is not None:
            await asyncio.to_thread(tracing.close)
        logs.finish()

    app = FastAPI(
        title=f"{settings.app_name} API",
        version=__version__,
        description="Accounts, sessions and tokens. Errors are problem documents (RFC 9457).",
        lifespan=lifespan,
        openapi_url=None,
    )
    app.state.context = context
    app.router.redirect_slashes = False
    app.router.routes.extend(all_routes(settings))
    check_declared(app.router.routes)
    return _shell(settings, app, tally, tracing)


def all_routes(settings: Settings) -> list[Guarded]:
    """Return the routes that are served, the most frequent first."""
    modules = [
        verify.routes,
        profile.routes,
        auth.routes,
        sessions.routes,
        users.routes,
        audit.routes,
        overview.routes,
        jwks.routes,
        health.routes,
        *(pages.ROUTES[area] for area in settings.page_areas),
        *([docs.routes] if settings.api_docs else []),
    ]
    return [route for routes in modules for route in routes]


def _context(settings: Settings, clock: Clock) -> Context:
    return Context(
        clock=clock,
        cookies=CookiePolicy(settings.has_secure_cookie, settings.cookie_same_site),
        service=settings.app_name,
        version=__version__,
        first_request=int.from_bytes(SystemRandomness().new_salt()),
        pages=_page_files(settings),
        has_hints=not settings.is_production,
    )


def _page_files(settings: Settings) -> PageFiles:
    areas = settings.page_areas
    site = Site(settings.app_name, MIN_LENGTHS[settings.password_profile], areas)
    return PageFiles(site, read_contents() if areas else {})


def _shell(
    settings: Settings, app: FastAPI, tally: Tally | None, tracing: "Tracing | None"
) -> Shell:
    reach = _reach(settings)
    if tracing is None:
        return Shell(app, reach, tally)
    believes = settings.traces.believes_proxies
    return TracedShell(app, reach, tally, tracing, believes_proxies=believes)


def _reach(settings: Settings) -> Reach:
    return Reach(
        hosts=settings.served_hosts,
        origins=settings.allowed_origins,
        trusted_proxies=settings.trusted_proxies,
        is_https=settings.has_secure_cookie,
    )


def _operators(
    settings: Settings, context: Context, tally: Tally | None
) -> AbstractAsyncContextManager[None]:
    if tally is None:
        return nullcontext()
    # Nobody loads what speaks to Prometheus who does not ask for it.
    from keystead.operators import answering_operators  # noqa: PLC0415

    return answering_operators(settings, context, tally.answers)


def _tracing(settings: Settings) -> "Tracing | None":
    if not settings.traces.is_on:
        return None
    # An extra, and nobody loads it who asks for no traces.
    from keystead.traces.tracing import Tracing  # noqa: PLC0415

    scheme = "https" if settings.has_secure_cookie else "http"
    try:
        return Tracing(settings.app_name, __version__, scheme, _tell_of_traces)
    except (ValueError, OSError) as error:  # Of its own settings; serving matters more.
        _tell_of_traces(str(error))
        return None


def _tell_of_traces(reason: str) -> None:
    log.warning("traces_not_sent", reason=reason)


def _start_geo_updates(settings: Settings) -> Callable[[], None]:
    if not (settings.maxmind_account_id and settings.maxmind_license_key):
        return lambda: None
    return keep_fresh(
        settings.geo_db_file_path,
        settings.maxmind_account_id,
        settings.maxmind_license_key.get_secret_value(),
        tell=_tell_of_update,
    ).set


def _tell_of_update(event: str, reason: str) -> None:
    write = log.warning if event == "geo_update_failed" else log.info
    write(event, reason=reason)
