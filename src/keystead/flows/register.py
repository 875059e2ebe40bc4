"""Make an account."""

from datetime import datetime

from keystead.domain.errors import EmailTaken
from keystead.domain.events import Event, EventName
from keystead.domain.user import Role, Status, User, UserId
from keystead.flows.throttle import count_address
from keystead.flows.tools import Tools


async def sign_up(tools: Tools, email: str, password: str, now: datetime) -> User:
    """
    Make an account for somebody who asks over HTTP, and cannot make any number of them.

    Raises: as `register`. Throttled.
    """
    if tools.throttle_policy.is_on:
        await count_address(tools, tools.throttle_policy.registrations, now)
    return await register(tools, email, password, now)


async def register(
    tools: Tools, email: str, password: str, now: datetime, role: Role = Role.USER
) -> User:
    """
    Make an active account for *email*; whoever asks over HTTP comes through `sign_up`.

    Raises: InputInvalid, PasswordRejected: the input. EmailTaken: there is one. HashingBusy.
    """
    address = tools.canonical_email(email)
    tools.password_policy.check(password, address)
    user = User(
        id=UserId(tools.random.new_id(now)),
        email=address,
        role=role,
        status=Status.ACTIVE,
        created_at=now,
        updated_at=now,
    )
    event = Event(EventName.USER_CREATED, subject=user.id, detail=role.value)
    hashed = await tools.passwords.hash(password)
    if not await tools.store.add_user(user, hashed, record=tools.audit_record(event, now)):
        raise EmailTaken
    tools.record(event)
    return user
