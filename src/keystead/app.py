"""Builds the ASGI application: the routes, the tools they work with, and what runs beside them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from keystead import __version__, logs
from keystead.assembly import Clock, open_tools, seed, system_clock
from keystead.domain.errors import Unavailable
from keystead.flows.tools import Tools
from keystead.flows.upkeep import purge_if_mine
from keystead.logs import log
from keystead.places.refresh import keep_fresh
from keystead.settings import Settings
from keystead.web import auth, docs, health, profile, sessions, users
from keystead.web.access import Guarded, check_declared
from keystead.web.call import Context
from keystead.web.client_ip import ClientIp
from keystead.web.cookies import CookiePolicy
from keystead.web.shell import Shell

UPKEEP_SECONDS = 60
"""Between two looks at what has expired; a look that finds nothing is one indexed query."""


def build(settings: Settings, clock: Clock = system_clock) -> Shell:
    """
    Return the ASGI application; it connects when the server starts it.

    Raises: UndeclaredAccess: a route does not say who may use it.
    """
    cookies = CookiePolicy(settings.has_secure_cookie, settings.cookie_same_site)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_tools(settings) as tools:
            app.state.context = Context(tools, clock, cookies, settings.app_name, __version__)
            await seed(settings, tools, clock())
            stop_geo_updates = _start_geo_updates(settings)
            async with _in_background(_upkeep(tools, clock)):
                yield
            stop_geo_updates()
        logs.finish()

    app = FastAPI(
        title=f"{settings.app_name} API",
        version=__version__,
        description="Accounts, sessions and tokens. Errors are problem documents (RFC 9457).",
        lifespan=lifespan,
        openapi_url=None,
    )
    app.router.redirect_slashes = False
    app.router.routes.extend(all_routes(settings))
    check_declared(app.router.routes)
    client_ip = ClientIp(settings.trusted_proxies)
    return Shell(app, client_ip, is_https=settings.has_secure_cookie)


def all_routes(settings: Settings) -> list[Guarded]:
    """Return the routes that are served, the most frequent first."""
    modules = [profile, auth, sessions, users, health, *([docs] if settings.api_docs else [])]
    return [route for module in modules for route in module.routes]


@asynccontextmanager
async def _in_background(job: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(job)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _upkeep(tools: Tools, clock: Clock) -> None:
    holder = tools.random.new_id(clock())
    while True:
        try:
            purged = await purge_if_mine(tools, holder, clock())
        except Unavailable as error:
            log.warning("upkeep_failed", reason=repr(error.__cause__ or error))
        except Exception as error:  # noqa: BLE001 - our bug, and no reason never to purge again.
            log.error("upkeep_failed", exc_info=error)
        else:
            if purged:
                log.info("sessions_purged", count=purged)
        await asyncio.sleep(UPKEEP_SECONDS)


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
