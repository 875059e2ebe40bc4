"""What a host, an orchestrator or a person asks first."""

from starlette.responses import Response

from keystead.domain.errors import StoreDown
from keystead.web.access import PUBLIC, Routes
from keystead.web.call import Call
from keystead.web.replies import reply
from keystead.web.shapes import HealthAnswer, ServiceAnswer

routes = Routes()


@routes.add("GET", "/", access=PUBLIC, answer=ServiceAnswer, tags=["health"])
async def get_root(call: Call) -> Response:
    """Say what runs here, and honestly how it is."""
    name, version = call.context.service, call.context.version
    try:
        await call.tools.store.check()
    except StoreDown:
        return reply(ServiceAnswer(name=name, version=version, status="degraded"))
    return reply(ServiceAnswer(name=name, version=version, status="ok"))


@routes.add("GET", "/livez", access=PUBLIC, answer=HealthAnswer, tags=["health"])
async def get_livez(_: Call) -> Response:
    """Say that the process is up, and nothing about the database: its outage is no reason to restart."""
    return reply(HealthAnswer(status="ok"))


@routes.add("GET", "/readyz", access=PUBLIC, answer=HealthAnswer, tags=["health"])
async def get_readyz(call: Call) -> Response:
    """
    Say that the database answers; 503 means: send no traffic here for now.

    `degraded`: without Redis, each server process limits client addresses by itself.
    """
    tools = call.tools
    await tools.store.check()
    return reply(HealthAnswer(status="degraded" if tools.is_degraded() else "ok"))
