"""The refresh cookie and the device cookie: how they are set, read and taken back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from keystead.domain.throttle import DEVICE_LIFETIME
from keystead.domain.tokens import DeviceTokenText
from keystead.flows.login import TokenPair

NAME = "refreshToken"
DEVICE_NAME = "deviceToken"


@dataclass(frozen=True, slots=True)
class CookiePolicy:
    """
    The attributes of both cookies. They are always HttpOnly and never have a Domain.

    Over https their names begin with `__Host-`, which makes browsers insist on Secure, on `Path=/`
    and on the exact host (RFC 6265bis section 4.1.3.2); the plain name is then never accepted.
    """

    is_secure: bool
    same_site: Literal["strict", "lax", "none"]

    @property
    def name(self) -> str:
        """The only name that is written and read."""
        return self._full(NAME)

    @property
    def device_name(self) -> str:
        """The only name of the device cookie."""
        return self._full(DEVICE_NAME)

    @property
    def goes_to_other_sites(self) -> bool:
        """Whether a browser sends it with what pages of other sites request."""
        return self.same_site == "none"

    def set(self, pair: TokenPair, now: datetime) -> str:
        """Return the Set-Cookie value: the token, for no longer than the session lives."""
        seconds = int((pair.signed_in.session.expires_at - now).total_seconds())
        return self._write(self.name, pair.refresh_token, max(0, seconds))

    def set_device(self, token: DeviceTokenText) -> str:
        """Return the Set-Cookie value that makes this device a known one."""
        return self._write(self.device_name, token, int(DEVICE_LIFETIME.total_seconds()))

    def clear(self) -> str:
        """Return the Set-Cookie value that makes the browser forget the token."""
        return self._write(self.name, "", 0)

    def read_all(self, headers: Iterable[bytes]) -> tuple[str, ...]:
        """Return the values of all refresh cookies, as far as they were sent."""
        return self._values(headers, self.name)

    def read_devices(self, headers: Iterable[bytes]) -> tuple[str, ...]:
        """Return the values of all device cookies; of several, somebody planted one."""
        return self._values(headers, self.device_name)

    def _full(self, name: str) -> str:
        return f"__Host-{name}" if self.is_secure else name

    @staticmethod
    def _values(headers: Iterable[bytes], wanted: str) -> tuple[str, ...]:
        cookies = [header.decode("latin-1") for header in headers]
        parts = [part.strip(" \t").partition("=") for each in cookies for part in each.split(";")]
        return tuple(value for key, _, value in parts if key == wanted)

    def _write(self, name: str, value: str, max_age_seconds: int) -> str:
        secure = "; Secure" if self.is_secure else ""
        return (
            f"{name}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly{secure}"
            f"; SameSite={self.same_site.capitalize()}"
        )
