"""What can come of presenting a token."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """
    Who a genuine token speaks for.

    Args:
        user_id: a UUID in its 36-character lower-case form, as is *session_id*.
        expires_at: when the token ends, in UTC; the session may end before.
        role: `admin` or `user` as of this moment; None unless the server was asked.

    """

    user_id: str
    session_id: str
    expires_at: datetime
    role: str | None = None


class Refusal(Exception):  # noqa: N818 - named for the fact, as in the server.
    """
    The request is not to be served.

    ::

        Refusal
        ├── TokenRefused   401, there is no token, or it is no good
        ├── Forbidden      403, it is good, and its owner has not the role that was asked for
        └── Unavailable    503, nobody can say: the server does not answer
    """

    status: int
    code: str
    message: str

    @property
    def headers(self) -> dict[str, str]:
        """What the answer carries besides."""
        return {}


class TokenRefused(Refusal):
    """No token, one that is forged, expired or for somebody else, or one whose session has ended."""

    status, code, message = 401, "token_invalid", "Invalid token"

    def __init__(self, *, is_missing: bool = False) -> None:
        if is_missing:
            self.code, self.message = "token_missing", "Missing access token"
        super().__init__(self.message)
        self._is_missing = is_missing

    @property
    def headers(self) -> dict[str, str]:
        """The challenge; RFC 6750 section 3.1: no error code where no token was sent."""
        challenge = "Bearer" if self._is_missing else 'Bearer error="invalid_token"'
        return {"WWW-Authenticate": challenge}


class Forbidden(Refusal):
    """Whoever it is has not the role that was asked for."""

    status, code, message = 403, "forbidden", "You are not allowed to do this"


class Unavailable(Refusal):
    """The server does not answer, or not as it should. Never a reason to throw a token away."""

    status, code, message = 503, "auth_unavailable", "Cannot check the token right now; try again"

    @property
    def headers(self) -> dict[str, str]:
        """When to come again."""
        return {"Retry-After": "5"}
