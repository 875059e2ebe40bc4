"""Check a password: the one place where one is accepted, for signing in and for proving it again."""

from datetime import datetime
from typing import NoReturn

from keystead.domain.errors import HashingBusy, InvalidCredentials
from keystead.domain.events import Event, EventName, Severity
from keystead.domain.session import SessionId
from keystead.domain.user import Credentials, EmailAddress
from keystead.flows.note import note
from keystead.flows.throttle import Attempt, count_guess, take_back, tell_of_limit
from keystead.flows.tools import Tools


async def check_password(
    tools: Tools,
    email: EmailAddress,
    password: str,
    now: datetime,
    session: SessionId | None = None,
) -> tuple[Credentials, Attempt]:
    """
    Return whose *password* this is, and the attempt, for the caller to forgive.

    Args:   session: the one they hold already, if any.

    Raises: InvalidCredentials: unknown account, wrong password and disabled account alike, after
            the same work. Throttled: it was not looked at. HashingBusy.
    Source: OWASP ASVS 6.3.1, 6.3.8; NIST SP 800-63B-4 section 3.2.2.
    """
    found = await tools.store.find_credentials(email)
    attempt = await count_guess(tools, email, found.user.id if found else None, now)
    stored = found.password if found else None
    try:
        is_right = await tools.passwords.verify(password, stored, is_known=attempt.is_known)
    except HashingBusy:
        await take_back(tools, attempt, now)
        raise
    if found is None or not is_right or not found.user.is_active:
        await tell_of_limit(tools, attempt, found.user.id if found else None, now)
        await refuse(tools, found, now, session)
    await _renew_hash(tools, found, password)
    return found, attempt


async def refuse(
    tools: Tools, found: Credentials | None, now: datetime, session: SessionId | None = None
) -> NoReturn:
    """Say that it did not work, in the logs too. Raises: InvalidCredentials."""
    subject = found.user.id if found else None
    event = Event(EventName.LOGIN_FAIL, Severity.WARNING, subject=subject, session=session)
    await note(tools, event, now)
    raise InvalidCredentials


async def _renew_hash(tools: Tools, found: Credentials, password: str) -> None:
    # The only moment at which the password is known: hashes made with older parameters, without
    # the pepper or with bcrypt are replaced. If the hash was changed meanwhile, that one stays.
    if tools.passwords.is_outdated(found.password):
        renewed = await tools.passwords.hash(password)
        await tools.store.replace_password_hash(found.user.id, found.password, renewed)
