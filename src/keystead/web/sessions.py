"""Where am I signed in, and is that me."""

from typing import Annotated, Literal

from fastapi import Query as InQuery
from pydantic import Field
from starlette.responses import Response

from keystead.domain.errors import InputInvalid, SessionNotFound
from keystead.domain.session import SessionId
from keystead.flows.sessions import end_own_session, end_own_sessions, list_own_sessions
from keystead.web.access import SIGNED_IN, Routes
from keystead.web.call import Call
from keystead.web.replies import farewell, reply
from keystead.web.shapes import DeviceShape, EndedAnswer, Query, SessionsAnswer

routes = Routes()


class WhichSessions(Query):
    """Which of the caller's sessions to end."""

    spared: Literal["current"] | None = Field(
        None, alias="except", description="`current` keeps the session this request is made under"
    )


@routes.add("GET", "/sessions", access=SIGNED_IN, answer=SessionsAnswer, tags=["sessions"])
async def get_sessions(call: Call) -> Response:
    """List the caller's live sessions, newest first."""
    sessions = await list_own_sessions(call.tools, call.actor, call.now)
    current = call.actor.session.id
    return reply(
        SessionsAnswer(
            message="Sessions fetched",
            sessions=[DeviceShape.seen_from(session, current) for session in sessions],
        )
    )


@routes.add(
    "DELETE",
    "/sessions/{session_id}",
    access=SIGNED_IN,
    answer=EndedAnswer,
    refuses=(SessionNotFound,),
    tags=["sessions"],
)
async def delete_session(call: Call, session_id: str) -> Response:
    """End one of the caller's sessions. Somebody else's is as unknown as one that never was."""
    await end_own_session(call.tools, call.actor, SessionId(session_id), call.now)
    answer = EndedAnswer(message="Session ended", ended=1)
    if session_id == call.actor.session.id:
        return farewell(answer, call.context.cookies.clear())
    return reply(answer)


@routes.add(
    "DELETE",
    "/sessions",
    access=SIGNED_IN,
    answer=EndedAnswer,
    refuses=(InputInvalid,),
    tags=["sessions"],
)
async def delete_sessions(call: Call, which: Annotated[WhichSessions, InQuery()]) -> Response:
    """End all of the caller's sessions, or all but this one."""
    keep_current = which.spared is not None
    ended = await end_own_sessions(call.tools, call.actor, call.now, keep_current=keep_current)
    answer = EndedAnswer(message="Sessions ended", ended=ended)
    return reply(answer) if keep_current else farewell(answer, call.context.cookies.clear())
