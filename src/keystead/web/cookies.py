"""The refresh cookie: how it is set, read and taken back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from keystead.domain.errors import RefreshInvalid
from keystead.flows.login import TokenPair

NAME = "refreshToken"


@dataclass(frozen=True, slots=True)
class CookiePolicy:
    """
    The attributes of the refresh cookie. It is always HttpOnly and never has a Domain.

    Over https its name begins with `__Host-`, which makes browsers insist on Secure, on `Path=/`
    and on the exact host (RFC 6265bis section 4.1.3.2); the plain name is then never accepted.
    """

    is_secure: bool
    same_site: Literal["strict", "lax", "none"]

    @property
    def name(self) -> str:
        """The only name that is written and read."""
        return f"__Host-{NAME}" if self.is_secure else NAME

    @property
    def goes_to_other_sites(self) -> bool:
        """Whether a browser sends it with what pages of other sites request."""
        return self.same_site == "none"

    def set(self, pair: TokenPair, now: datetime) -> str:
        """Return the Set-Cookie value: the token, for no longer than the session lives."""
        seconds = int((pair.signed_in.session.expires_at - now).total_seconds())
        return self._write(pair.refresh_token, max(0, seconds))

    def clear(self) -> str:
        """Return the Set-Cookie value that makes the browser forget the token."""
        return self._write("", 0)

    def read(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """
        Return the cookie's value, or None if there is no such cookie.

        Raises: RefreshInvalid: there are several, so somebody planted one.
        """
        found = self.read_all(headers)
        if len(found) > 1:
            raise RefreshInvalid
        return found[0] if found else None

    def read_all(self, headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, ...]:
        """Return the values of all cookies of the name, as far as they were sent."""
        return tuple(
            value
            for name, header in headers
            if name == b"cookie"
            for key, _, value in (part.partition("=") for part in _split(header))
            if key == self.name
        )

    def _write(self, value: str, max_age_seconds: int) -> str:
        secure = "; Secure" if self.is_secure else ""
        return (
            f"{self.name}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly{secure}"
            f"; SameSite={self.same_site.capitalize()}"
        )


def _split(header: bytes) -> list[str]:
    return [part.strip(" \t") for part in header.decode("latin-1").split(";")]
