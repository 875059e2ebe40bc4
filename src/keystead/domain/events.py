"""
What happened that a security reviewer would ask about.

Names follow the OWASP Logging Vocabulary. Events carry ids, never secrets and never e-mail addresses.
"""

from dataclasses import dataclass
from enum import StrEnum

from keystead.domain.session import SessionId
from keystead.domain.user import UserId


class EventName(StrEnum):
    """The vocabulary; a member is added here before anything can be recorded under it."""

    LOGIN_SUCCESS = "authn_login_success"
    LOGIN_FAIL = "authn_login_fail"
    LOGIN_LOCKED = "authn_login_lock"
    LOGIN_STOPPED = "authn_login_fail_max"
    TOKEN_REUSE = "authn_token_reuse"
    REAUTHENTICATED = "authn_reauthenticated"
    LOGOUT = "authn_logout"
    SESSION_ENDED = "session_ended"
    AUTHZ_FAIL = "authz_fail"
    ROLE_CHANGED = "authz_change"
    USER_CREATED = "user_created"
    USERS_IMPORTED = "users_imported"
    USER_STATUS_CHANGED = "user_status_changed"
    USER_DELETED = "user_deleted"
    ADMIN_SEEDED = "user_created_admin_seed"
    RATE_EXCEEDED = "excess_rate_limit_exceeded"
    LOGIN_UNLOCKED = "authn_login_unlock"
    SESSIONS_EPOCH = "sessions_epoch"
    KEY_ADDED = "key_added"
    KEY_RETIRED = "key_retired"


class Severity(StrEnum):
    """How loudly to say it."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Event:
    """
    One thing that happened: *actor* did it to *subject*, under the session *session*.

    Args:
        ended: the session that it ended, where it ended one.

    """

    name: EventName
    severity: Severity = Severity.INFO
    actor: UserId | None = None
    subject: UserId | None = None
    session: SessionId | None = None
    ended: SessionId | None = None
    detail: str | None = None
