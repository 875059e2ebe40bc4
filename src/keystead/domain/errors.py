"""
Everything that can go wrong by rule.

::

    Fault
    ├── Invalid            the request itself is wrong
    │   ├── InputInvalid        members that are missing, of the wrong type or out of range
    │   ├── PasswordRejected    the password policy refuses it; the code says which rule
    │   └── RoleUnknown, CursorInvalid
    ├── Unauthenticated    who is asking is not known
    │   ├── InvalidCredentials
    │   ├── TokenMissing, TokenInvalid, TokenExpired
    │   ├── SessionEnded, ReauthenticationRequired
    │   └── RefreshMissing, RefreshInvalid, RefreshSuperseded, RefreshReused
    ├── Forbidden          known, and not allowed
    ├── Missing            there is no such thing
    │   └── UserNotFound, SessionNotFound
    ├── Conflict           it contradicts what is stored
    │   └── EmailTaken, LastAdmin
    ├── Throttled          too often; the caller may try again later
    └── Unavailable        it cannot be decided right now; the caller may try again
        └── StoreDown, HashingBusy

The tree knows nothing of HTTP: `web.errors` maps each of the seven kinds to a status. Codes are a
public contract: stable, snake_case, documented in docs/errors.md.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One member of the input and what is wrong with it, in words a person can act on."""

    field: str
    message: str


class Fault(Exception):  # noqa: N818 - the name of the whole family; see the module docstring.
    """A refusal that is part of the contract. Anything else that escapes is our bug."""

    code: ClassVar[str]
    message: str

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(self.code)
        self.errors = errors


class Invalid(Fault):
    """The request itself is wrong; sending it again cannot help."""


class InputInvalid(Invalid):
    """Members of the input are missing, of the wrong type or out of range."""

    code = "input_invalid"
    message = "Invalid input"


class PasswordRejected(Invalid):
    """The password policy refuses this password."""

    code = "password_rejected"
    message = "This password cannot be used"

    def __init__(self, reason: str) -> None:
        super().__init__(FieldError("password", reason))


class PasswordTooShort(PasswordRejected):
    """Fewer code points than the policy asks for."""

    code = "password_too_short"


class PasswordTooLong(PasswordRejected):
    """More than the bound that keeps hashing affordable."""

    code = "password_too_long"


class PasswordBlocklisted(PasswordRejected):
    """It stands in the list of common passwords."""

    code = "password_blocklisted"


class PasswordPredictable(PasswordRejected):
    """It is made of the e-mail address or the name of the service."""

    code = "password_predictable"


class RoleUnknown(Invalid):
    """There is no role of that name."""

    code = "role_unknown"
    message = "Unknown role; allowed are: admin, user"


class CursorInvalid(Invalid):
    """The paging cursor was not made by this service."""

    code = "cursor_invalid"
    message = "Invalid cursor; use the nextCursor of the page before, unchanged"


class Unauthenticated(Fault):
    """Who is asking is not known."""


class InvalidCredentials(Unauthenticated):
    """One answer for unknown account, wrong password and disabled account (OWASP ASVS 6.3.8)."""

    code = "invalid_credentials"
    message = "Invalid email or password"


class TokenMissing(Unauthenticated):
    """The route needs a bearer token and none was sent."""

    code = "token_missing"
    message = "Missing access token"


class TokenInvalid(Unauthenticated):
    """The access token is malformed, forged, or of another kind."""

    code = "token_invalid"
    message = "Invalid token"


class TokenExpired(Unauthenticated):
    """The access token was genuine and its time is over."""

    code = "token_expired"
    message = "Token expired"


class SessionEnded(Unauthenticated):
    """The session is closed or expired, or its user is gone or disabled."""

    code = "session_ended"
    message = "Session ended; sign in again"


class ReauthenticationRequired(Unauthenticated):
    """The session lives, and its password was proved too long ago for this (OWASP ASVS 7.5.3)."""

    code = "reauthentication_required"
    message = "Confirm your password, then send this again"

    def __init__(self, max_age: timedelta) -> None:
        super().__init__()
        self.max_age = max_age


class RefreshMissing(Unauthenticated):
    """No refresh cookie was sent."""

    code = "refresh_missing"
    message = "Missing refresh token"


class RefreshInvalid(Unauthenticated):
    """The refresh token is malformed or forged. It changes nothing."""

    code = "refresh_invalid"
    message = "Invalid refresh token"


class RefreshSuperseded(Unauthenticated):
    """Another request has just used this token; the session lives. Retry with the newest cookie."""

    code = "refresh_superseded"
    message = "Refresh token already used a moment ago; retry with the newest cookie"


class RefreshReused(Unauthenticated):
    """A rotated token came back: the session was ended (RFC 9700 section 4.14.2)."""

    code = "refresh_reused"
    message = "Refresh token reuse detected; the session was ended"


class Forbidden(Fault):
    """The caller is known and may not do this."""

    code = "forbidden"
    message = "You are not allowed to do this"


class Missing(Fault):
    """There is no such thing."""


class UserNotFound(Missing):
    """No user has this id."""

    code = "user_not_found"
    message = "User not found"


class SessionNotFound(Missing):
    """The caller has no session with this id; somebody else's looks exactly the same."""

    code = "session_not_found"
    message = "Session not found"


class Conflict(Fault):
    """It contradicts what is stored."""


class EmailTaken(Conflict):
    """An account with this e-mail address exists."""

    code = "email_taken"
    message = "Email already registered"


class LastAdmin(Conflict):
    """Nobody could administer the service afterwards."""

    code = "last_admin"
    message = "This is the last active admin; make somebody else admin first"


class Throttled(Fault):
    """
    Tried too often; the same for accounts that exist and that do not.

    Args:
        limit: the name of the limit that was reached.
        quota: so many attempts are let in during *window*.
        wait: until the next one is.

    """

    code = "throttled"
    message = "Too many attempts; try again later"

    def __init__(self, limit: str, quota: int, window: timedelta, wait: timedelta) -> None:
        super().__init__()
        self.limit = limit
        self.quota = quota
        self.window = window
        self.wait = wait


class Unavailable(Fault):
    """It cannot be decided right now."""

    retry_after = timedelta(seconds=2)


class StoreDown(Unavailable):
    """The database did not answer, or refused to write."""

    code = "store_unavailable"
    message = "The database does not answer right now; try again shortly"


class HashingBusy(Unavailable):
    """More passwords wait to be checked than this process can hash soon."""

    code = "hashing_busy"
    message = "Too many sign-ins at this moment; try again shortly"
    retry_after = timedelta(seconds=1)
