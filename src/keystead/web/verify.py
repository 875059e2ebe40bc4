"""
Forward authentication: a proxy asks, for each request to another service, who is behind it.

The answer has no body and says it in three headers. See docs/forward-auth.md.
"""

from functools import lru_cache
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query as InQuery
from pydantic import Field
from starlette.responses import Response

from keystead.domain.errors import Forbidden, InputInvalid
from keystead.domain.permissions import Permission, may
from keystead.domain.session import SessionId
from keystead.domain.user import Role, UserId
from keystead.flows.authenticate import authenticate
from keystead.flows.forbid import forbid
from keystead.logs import RequestLine
from keystead.web.access import SIGNED_IN, Routes
from keystead.web.call import Call, Context
from keystead.web.head import Head
from keystead.web.replies import Empty
from keystead.web.shapes import Query

routes = Routes()

REMEMBERED = 4096
"""Answers kept, about 2 MiB when full: those to the sessions in use."""

IDENTITY = {
    "X-User-Id": "The id of the account.",
    "X-User-Role": "`admin` or `user`, as of this moment.",
    "X-Session-Id": "The id of the session.",
}
"""The headers of the answer, and what they hold."""


class VerifyQuery(Query):
    """Whom to let pass."""

    role: Literal["admin"] | None = Field(None, description="Let only admins pass")


async def answer_lean(head: Head, context: Context, trace: RequestLine) -> Response:
    """Answer what is asked nearly always, whoever is signed in may pass: the same, in fewer steps."""
    actor = await authenticate(context.tools, head.bearer, trace.timestamp)
    trace.user_id = actor.user.id
    return _answer(actor.user.id, actor.user.role, actor.session.id)


@routes.add(
    "GET",
    "/auth/verify",
    access=SIGNED_IN,
    status=204,
    headers=IDENTITY,
    refuses=(Forbidden, InputInvalid),
    tags=["auth"],
    lean=answer_lean,
)
async def get_verify(call: Call, query: Annotated[VerifyQuery, InQuery()]) -> Response:
    """
    Say who is asking, for a proxy in front of another service.

    The session slides as with any other request.
    """
    if query.role is not None and not may(call.actor.user, Permission.ENTER_AS_ADMIN):
        await forbid(call.tools, call.actor, Permission.ENTER_AS_ADMIN, call.now)
    user, session = call.actor.user, call.actor.session
    return _answer(user.id, user.role, session.id)


@lru_cache(REMEMBERED)
def _answer(user_id: UserId, role: Role, session_id: SessionId) -> Response:
    # UUID() takes nothing that could end a header, and str() has one spelling: whatever somebody
    # wrote into the database, it becomes no header of its own.
    return Empty(
        (b"x-user-id", str(UUID(user_id)).encode()),
        (b"x-user-role", role.value.encode()),
        (b"x-session-id", str(UUID(session_id)).encode()),
    )
