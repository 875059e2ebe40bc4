"""Make the first admin from the settings."""

from datetime import datetime

from keystead.domain.errors import EmailTaken
from keystead.domain.events import Event, EventName
from keystead.domain.user import Role, User
from keystead.flows.register import register
from keystead.flows.tools import Tools


async def seed_admin(tools: Tools, email: str, password: str, now: datetime) -> User | None:
    """
    Make an admin while there is none, and never touch an account that exists.

    Once there is an admin this is closed for good: the last one cannot be removed.

    Returns: the new admin, or None if there is an admin or the address belongs to somebody.
    Raises:  InputInvalid, PasswordRejected: the configured values.
    """
    if await tools.store.has_admin():
        return None
    try:
        admin = await register(tools, email, password, now, Role.ADMIN)
    except EmailTaken:
        return None
    # The account is in the audit log, as made by the settings: this is for who reads the log lines.
    tools.record(Event(EventName.ADMIN_SEEDED, subject=admin.id))
    return admin
