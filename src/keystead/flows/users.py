"""Find accounts, and change what they may do."""

from dataclasses import replace
from datetime import datetime

from keystead.domain.errors import RoleUnknown, UserNotFound
from keystead.domain.events import Event, EventName
from keystead.domain.permissions import Actor
from keystead.domain.user import Role, Status, User, UserId, UserQuery
from keystead.flows.note import note
from keystead.flows.throttle import unlock
from keystead.flows.tools import Tools


async def get_user(tools: Tools, user_id: UserId) -> User:
    """
    Return one account.

    Raises: UserNotFound.
    """
    return _found(await tools.store.find_user(user_id))


async def list_users(tools: Tools, query: UserQuery) -> tuple[list[User], bool]:
    """Return one page of accounts, and whether there are more after it."""
    search = tools.search_prefix(query.search) if query.search else None
    one_more = replace(query, limit=query.limit + 1, search=search)
    users = await tools.store.list_users(one_more)
    return users[: query.limit], len(users) > query.limit


def read_role(text: str) -> Role:
    """
    Read a role by its name.

    Raises: RoleUnknown.
    """
    try:
        return Role(text)
    except ValueError:
        raise RoleUnknown from None


async def change_role(
    tools: Tools, actor: Actor | None, user_id: UserId, role: Role, now: datetime
) -> User:
    """
    Give a user another role; it holds on their next request. *actor* is None at the command line.

    Raises: UserNotFound. LastAdmin: nobody else could administer the service.
    """
    event = _event(EventName.ROLE_CHANGED, actor, user_id, role.value)
    record = tools.audit_record(event, now)
    user = _found(await tools.store.change_role(user_id, role, now, record=record))
    tools.record(event)
    return user


async def change_status(
    tools: Tools, actor: Actor | None, user_id: UserId, status: Status, now: datetime
) -> User:
    """
    Disable a user, which ends their sessions at once, or enable them again, with no failed sign-ins.

    Raises: UserNotFound. LastAdmin: nobody else could administer the service.
    """
    event = _event(EventName.USER_STATUS_CHANGED, actor, user_id, status.value)
    record = tools.audit_record(event, now)
    user = _found(await tools.store.change_status(user_id, status, now, record=record))
    tools.record(event)
    if user.is_active:
        await unlock(tools, user.email)
    return user


async def unlock_user(tools: Tools, actor: Actor | None, user: User, now: datetime) -> None:
    """Let a user sign in again who was stopped by failed sign-ins, their own or somebody else's."""
    await unlock(tools, user.email)
    await note(tools, _event(EventName.LOGIN_UNLOCKED, actor, user.id), now)


async def delete_user(tools: Tools, actor: Actor | None, user_id: UserId, now: datetime) -> User:
    """
    Remove a user with their sessions, whose tokens are refused from then on.

    Raises: UserNotFound. LastAdmin: nobody else could administer the service.
    """
    event = _event(EventName.USER_DELETED, actor, user_id)
    user = _found(await tools.store.delete_user(user_id, record=tools.audit_record(event, now)))
    tools.record(event)
    return user


def _found(user: User | None) -> User:
    if user is None:
        raise UserNotFound
    return user


def _event(
    name: EventName, actor: Actor | None, subject: UserId, detail: str | None = None
) -> Event:
    by = actor.user.id if actor else None
    session = actor.session.id if actor else None
    return Event(name, actor=by, subject=subject, session=session, detail=detail)
