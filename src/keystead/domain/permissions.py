"""
Who may do what: one table.

A permission reaches nobody, what the actor owns, or everything. A role that the table does not
name for a permission has no reach: denied by default (OWASP ASVS 8.2.1).
"""

from enum import Enum, StrEnum

from keystead.domain.session import SignedIn
from keystead.domain.user import Role, User, UserId


class Permission(StrEnum):
    """Something that can be done to users and sessions."""

    USERS_LIST = "users:list"
    USER_READ = "user:read"
    USER_DELETE = "user:delete"
    USER_ROLE_CHANGE = "user:role:change"
    USER_STATUS_CHANGE = "user:status:change"
    USER_SESSIONS_READ = "user:sessions:read"
    USER_SESSIONS_END = "user:sessions:end"
    AUDIT_READ = "audit:read"
    OVERVIEW_READ = "overview:read"
    ENTER_AS_ADMIN = "enter:admin"
    """To what other services keep for admins, when they ask `GET /auth/verify?role=admin`."""


class Reach(Enum):
    """How far a permission goes."""

    OWN = "own"
    ALL = "all"


TABLE: dict[Role, dict[Permission, Reach]] = {
    Role.ADMIN: {
        Permission.USERS_LIST: Reach.ALL,
        Permission.USER_READ: Reach.ALL,
        Permission.USER_DELETE: Reach.ALL,
        Permission.USER_ROLE_CHANGE: Reach.ALL,
        Permission.USER_STATUS_CHANGE: Reach.ALL,
        Permission.USER_SESSIONS_READ: Reach.ALL,
        Permission.USER_SESSIONS_END: Reach.ALL,
        Permission.AUDIT_READ: Reach.ALL,
        Permission.OVERVIEW_READ: Reach.ALL,
        Permission.ENTER_AS_ADMIN: Reach.ALL,
    },
    Role.USER: {
        Permission.USER_READ: Reach.OWN,
        Permission.USER_DELETE: Reach.OWN,
    },
}


Actor = SignedIn
"""Who is asking: a user, as the database has them at this moment, and the session they use."""


def may(user: User, permission: Permission, owner: str | None = None) -> bool:
    """
    Say whether *user* has *permission* over what *owner* owns.

    Args:
        user: the caller.
        permission: what they want to do.
        owner: the user id the request names, unverified; None for what belongs to nobody.

    """
    reach = TABLE[user.role].get(permission)
    if reach is Reach.ALL:
        return True
    return reach is Reach.OWN and owner is not None and UserId(owner) == user.id
