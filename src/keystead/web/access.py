"""
Every route says who may use it, or the app does not start.

::

    PUBLIC              anybody
    SIGNED_IN           anybody with a live session
    NEEDS(permission)   whoever `domain.permissions` gives it, over what the path's `user_id` owns

`NEEDS(permission, recent=...)` also asks for a sign-in, or a proof of the password, of a moment ago.

`Guarded` is a FastAPI route for everything that documents (signature, models, OpenAPI) and runs its
endpoint itself: authenticate, decide, read the input, call. That order is part of the contract: who
may not ask learns nothing about their input, nor whether a thing exists.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.responses import Response

from keystead.domain.errors import Fault, ReauthenticationRequired
from keystead.domain.permissions import Permission, may
from keystead.domain.step_up import StepUp
from keystead.flows.authenticate import authenticate
from keystead.flows.forbid import forbid
from keystead.logs import RequestLine
from keystead.web.call import Call, Context
from keystead.web.head import Head
from keystead.web.inputs import READING_METHODS, input_reader
from keystead.web.openapi import describe, only_headers

OWNER = "user_id"
"""The path parameter that names whose things a route touches."""

Endpoint = Callable[..., Awaitable[Response]]

Lean = Callable[[Head, Context, RequestLine], Awaitable[Response]]
"""Answers a request that has no query, from its headers alone, and admits who is asking by itself."""


@dataclass(frozen=True, slots=True)
class Access:
    """
    Who may use a route.

    Args:
        recent: from which setting of `KEYSTEAD_STEP_UP` on the caller must have proved the password
            a moment ago; None if never.

    """

    needs_session: bool
    permission: Permission | None = None
    recent: StepUp | None = None

    def __str__(self) -> str:
        """Write it as `keystead routes` prints it."""
        if self.permission is not None:
            recent = f", recent={self.recent}" if self.recent else ""
            return f"NEEDS({self.permission}{recent})"
        return "SIGNED_IN" if self.needs_session else "PUBLIC"


PUBLIC = Access(needs_session=False)
SIGNED_IN = Access(needs_session=True)


def NEEDS(  # noqa: N802 - reads as one of the three declarations.
    permission: Permission, *, recent: StepUp | None = None
) -> Access:
    """Whoever has *permission*; *recent* as in `Access`."""
    return Access(needs_session=True, permission=permission, recent=recent)


class UndeclaredAccess(Exception):  # noqa: N818 - named for the fact, like every fault.
    """A route does not say who may use it."""


class Guarded(APIRoute):
    """A route with declared access."""

    def __init__(
        self,
        method: str,
        path: str,
        endpoint: Endpoint,
        access: Access,
        lean: Lean | None = None,
        **documented: Any,  # noqa: ANN401 - FastAPI's own parameters.
    ) -> None:
        if lean is not None and access != SIGNED_IN:
            # It finds out who is asking by itself, and asks for nothing else.
            raise UndeclaredAccess(f"{path}: a lean route is for whoever is signed in")
        super().__init__(path, endpoint, methods=[method], **documented)
        self.endpoint: Endpoint = endpoint
        self.method = method
        self.access = access
        self.lean = lean
        self._read_input = input_reader(endpoint, self.param_convertors, method)
        self.app = _refuse

    async def respond(self, call: Call) -> Response:
        """
        Return what one request is answered with.

        Raises: Fault: any, of whoever is asking, of their input or of the endpoint.
        """
        await admit(call, self.access)
        if self._read_input is None:
            return await self.endpoint(call)
        values = await self._read_input(call)
        if self.method not in READING_METHODS:
            # A body may take half a minute: who was let in then may have been signed out, demoted
            # or disabled since, and a token that was fresh may not be.
            call.now = call.context.clock()
            await admit(call, self.access)
        return await self.endpoint(call, **values)


async def admit(call: Call, access: Access) -> None:
    """
    Let the caller pass, and note who they are.

    Raises: Unauthenticated: no live session stands behind the bearer token. Forbidden.
            ReauthenticationRequired: only who has the permission is asked for the password.
    """
    if not access.needs_session:
        return
    call.actor = await authenticate(call.context.tools, call.head.bearer, call.now)
    if access.permission is None:
        return
    if not may(call.actor.user, access.permission, call.path_params.get(OWNER)):
        await forbid(call.tools, call.actor, access.permission, call.now)
    step_up = call.context.tools.step_up_policy
    if access.recent is None or not step_up.is_asked(access.recent):
        return
    if not step_up.is_recent(call.actor.session, call.now):
        raise ReauthenticationRequired(step_up.window)


async def _refuse(*_: object) -> None:
    # What FastAPI's own router would run. It knows nothing of access.
    raise RuntimeError("guarded routes are run by the shell only")


class Routes(list[Guarded]):
    """The routes of one module. `access` has no default: forgetting it is an error."""

    def add(  # noqa: PLR0913 - what a route is; all but the first three are keywords.
        self,
        method: str,
        path: str,
        *,
        access: Access,
        answer: type[BaseModel] | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        refuses: Iterable[type[Fault]] = (),
        tags: Iterable[str] = (),
        lean: Lean | None = None,
    ) -> Callable[[Endpoint], Endpoint]:
        """
        Make the decorated endpoint answer *method* on *path*.

        Documented if it has an *answer*, or *headers* that say it all, each with its meaning. *lean*
        answers in fewer steps where there is no query.

        Raises: UndeclaredAccess: *lean* knows of no other access than that of whoever is signed in.
        """

        def declare(endpoint: Endpoint) -> Endpoint:
            faults = (*refuses, *([ReauthenticationRequired] if access.recent else []))
            documented = describe(endpoint, faults, needs_session=access.needs_session)
            if headers is not None:
                documented["responses"][status] = only_headers(headers)
            route = Guarded(
                method, path, endpoint, access, lean,
                response_model=answer, status_code=status, tags=list(tags),
                include_in_schema=answer is not None or headers is not None, **documented,
            )  # fmt: skip
            self.append(route)
            return endpoint

        return declare


def check_declared(routes: Iterable[object]) -> None:
    """
    Let only guarded routes into the app.

    Raises: UndeclaredAccess.
    """
    for route in routes:
        if not isinstance(route, Guarded):
            raise UndeclaredAccess(f"{route!r} does not declare who may use it")
