"""Administering accounts, and the two things an owner may do to their own."""

from typing import Annotated, Literal

from fastapi import Path
from fastapi import Query as InQuery
from pydantic import Field
from starlette.responses import Response

from keystead.domain.errors import (
    CursorInvalid,
    Forbidden,
    InputInvalid,
    LastAdmin,
    RoleUnknown,
    UserNotFound,
)
from keystead.domain.permissions import Permission
from keystead.domain.step_up import StepUp
from keystead.domain.user import EmailAddress, Role, Status, UserId, UserQuery
from keystead.flows.sessions import end_sessions_of, list_sessions_of
from keystead.flows.users import (
    change_role,
    change_status,
    delete_user,
    list_users,
    read_role,
)
from keystead.flows.users import (
    get_user as get_user_by_id,
)
from keystead.web.access import NEEDS, Routes
from keystead.web.call import Call
from keystead.web.cursors import read_cursor, write_cursor
from keystead.web.replies import farewell, reply
from keystead.web.shapes import (
    DeviceShape,
    EndedAnswer,
    ManagedUserAnswer,
    ManagedUserShape,
    PageQuery,
    SessionsAnswer,
    StatusBody,
    UsersAnswer,
)

routes = Routes()


MAX_CURSOR = 1400
"""In characters: an address has up to 254, of up to 4 bytes each, and base64 adds a third."""

RoleInPath = Annotated[str, Path(json_schema_extra={"enum": [role.value for role in Role]})]
"""Documented with the two there are; any other text comes through, and is `RoleUnknown`."""


class UsersPage(PageQuery):
    """Which accounts to list."""

    cursor: str | None = Field(
        None, max_length=MAX_CURSOR, description="`nextCursor` of the page before"
    )
    search: str | None = Field(
        None, max_length=254, description="The beginning of the e-mail address, in any case"
    )
    role: Literal["admin", "user"] | None = None
    status: Literal["active", "disabled"] | None = None


@routes.add(
    "GET",
    "/users",
    access=NEEDS(Permission.USERS_LIST),
    answer=UsersAnswer,
    refuses=(Forbidden, InputInvalid, CursorInvalid),
    tags=["users"],
)
async def get_users(call: Call, page: Annotated[UsersPage, InQuery()]) -> Response:
    """List accounts in the order of their e-mail addresses, a page at a time."""
    query = UserQuery(
        limit=page.limit,
        after=EmailAddress(read_cursor(page.cursor)) if page.cursor else None,
        search=page.search,
        role=Role(page.role) if page.role else None,
        status=Status(page.status) if page.status else None,
    )
    users, has_more = await list_users(call.tools, query)
    return reply(
        UsersAnswer(
            message="Users fetched successfully",
            users=[ManagedUserShape.of(user) for user in users],
            next_cursor=write_cursor(users[-1].email) if has_more else None,
        )
    )


@routes.add(
    "GET",
    "/users/{user_id}",
    access=NEEDS(Permission.USER_READ),
    answer=ManagedUserAnswer,
    refuses=(Forbidden, UserNotFound),
    tags=["users"],
)
async def get_user(call: Call, user_id: str) -> Response:
    """Return one account; users may ask for their own."""
    user = await get_user_by_id(call.tools, UserId(user_id))
    return reply(
        ManagedUserAnswer(message="User fetched successfully", user=ManagedUserShape.of(user))
    )


@routes.add(
    "PUT",
    "/users/{user_id}/status",
    access=NEEDS(Permission.USER_STATUS_CHANGE, recent=StepUp.ADDED),
    answer=ManagedUserAnswer,
    refuses=(Forbidden, UserNotFound, LastAdmin),
    tags=["users"],
)
async def put_status(call: Call, user_id: str, body: StatusBody) -> Response:
    """Disable an account, which ends its sessions at once, or enable it again."""
    user = await change_status(
        call.tools, call.actor, UserId(user_id), Status(body.status), call.now
    )
    return reply(ManagedUserAnswer(message="Status updated", user=ManagedUserShape.of(user)))


# Before the route for any role, which would take it too: only making somebody an admin asks for a
# recent sign-in. Whoever demotes somebody may have no time for that.
@routes.add(
    "PUT",
    "/users/{user_id}/admin",
    access=NEEDS(Permission.USER_ROLE_CHANGE, recent=StepUp.ALL),
    answer=ManagedUserAnswer,
    refuses=(Forbidden, UserNotFound),
    tags=["users"],
)
async def put_admin(call: Call, user_id: str) -> Response:
    """Make a user an admin; it holds on that user's next request."""
    return await put_role(call, user_id, Role.ADMIN)


@routes.add(
    "PUT",
    "/users/{user_id}/{role}",
    access=NEEDS(Permission.USER_ROLE_CHANGE),
    answer=ManagedUserAnswer,
    refuses=(Forbidden, RoleUnknown, UserNotFound, LastAdmin),
    tags=["users"],
)
async def put_role(call: Call, user_id: str, role: RoleInPath) -> Response:
    """Give an account another role; it holds on that user's next request."""
    user = await change_role(call.tools, call.actor, UserId(user_id), read_role(role), call.now)
    return reply(ManagedUserAnswer(message="Role updated", user=ManagedUserShape.of(user)))


@routes.add(
    "DELETE",
    "/users/{user_id}",
    access=NEEDS(Permission.USER_DELETE, recent=StepUp.ALL),
    answer=ManagedUserAnswer,
    refuses=(Forbidden, UserNotFound, LastAdmin),
    tags=["users"],
)
async def remove_user(call: Call, user_id: str) -> Response:
    """Delete an account and its sessions; users may delete their own."""
    user = await delete_user(call.tools, call.actor, UserId(user_id), call.now)
    is_own = user.id == call.actor.user.id
    answer = ManagedUserAnswer(
        message="Your account deleted" if is_own else "User deleted",
        user=ManagedUserShape.of(user),
    )
    return farewell(answer, call.context.cookies.clear()) if is_own else reply(answer)


@routes.add(
    "GET",
    "/users/{user_id}/sessions",
    access=NEEDS(Permission.USER_SESSIONS_READ),
    answer=SessionsAnswer,
    refuses=(Forbidden, UserNotFound),
    tags=["users"],
)
async def get_user_sessions(call: Call, user_id: str) -> Response:
    """Show where a user is signed in."""
    sessions = await list_sessions_of(call.tools, UserId(user_id), call.now)
    current = call.actor.session.id
    return reply(
        SessionsAnswer(
            message="Sessions fetched",
            sessions=[DeviceShape.seen_from(session, current) for session in sessions],
        )
    )


@routes.add(
    "DELETE",
    "/users/{user_id}/sessions",
    access=NEEDS(Permission.USER_SESSIONS_END, recent=StepUp.ADDED),
    answer=EndedAnswer,
    refuses=(Forbidden, UserNotFound),
    tags=["users"],
)
async def end_user_sessions(call: Call, user_id: str) -> Response:
    """Sign a user out everywhere."""
    ended = await end_sessions_of(call.tools, call.actor, UserId(user_id), call.now)
    return reply(EndedAnswer(message="Sessions ended", ended=ended))
