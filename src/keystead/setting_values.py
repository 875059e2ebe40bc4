"""How a setting's text becomes a value: durations, networks, words."""

import ipaddress
import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

PRIVATE_NETWORKS = (
    "127.0.0.0/8",  # loopback
    "::1/128",
    "10.0.0.0/8",  # private use, RFC 1918 and RFC 4193
    "172.16.0.0/12",
    "192.168.0.0/16",
    "fc00::/7",
    "169.254.0.0/16",  # link-local
    "fe80::/10",
)
"""Where a proxy in front of this process can be expected: what `TRUST_PROXY=true` means."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
"""How this machine calls itself."""

_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_-]+(\.[a-z0-9_-]+)*")
"""A host name as it stands in Host, other scripts in their ASCII form."""

_ORIGIN = re.compile(r"(https?)://([^/:@?#\[\]]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?")
_DEFAULT_PORTS = {("http", "80"), ("https", "443")}

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*(ms|s|m|h|d|w)")
_YES = {"true", "1", "on", "yes"}
_NO = {"false", "0", "off", "no", "none"}


def duration(value: object) -> timedelta:
    """
    Read `500ms`, `10s`, `5m`, `2h`, `14d`, `4w`, or `0`.

    Any other bare number is refused: 20 could be meant as seconds and taken for milliseconds.
    """
    if isinstance(value, timedelta):
        return value
    text = str(value).strip()
    match = _DURATION.fullmatch("0ms" if text == "0" else text)
    try:
        if match is not None:
            return timedelta(seconds=float(match[1]) * _SECONDS[match[2]])
    except OverflowError:
        pass  # Beyond every calendar: 999999999999w.
    raise ValueError("a duration such as 500ms, 10s, 5m, 2h or 14d")


def networks(value: object) -> tuple[Network, ...]:
    """Read a comma-separated list of CIDRs; `true` stands for the private networks."""
    text = str(value).strip().lower()
    if isinstance(value, tuple) or text in _NO:
        return value if isinstance(value, tuple) else ()
    parts = PRIVATE_NETWORKS if text in _YES else text.split(",")
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in parts if part.strip())
    except ValueError:
        raise ValueError(
            "CIDRs such as 10.0.0.0/8,192.168.1.5/32, or true for the private networks"
        ) from None


def hosts(value: object) -> tuple[str, ...]:
    """Read a comma-separated list of host names and addresses, or `*` for any."""
    if isinstance(value, tuple):
        return value
    names = _parts(value)
    if not all(name == "*" or _is_host(name) for name in names):
        raise ValueError(
            "host names without scheme and port, such as accounts.example.com,10.0.0.5, or * for any"
        )
    return tuple(_address(name) or name for name in names)


def origins(value: object) -> tuple[str, ...]:
    """Read a comma-separated list of origins, and write each as browsers do."""
    if isinstance(value, tuple):
        return value
    return tuple(_origin(part) for part in _parts(value))


def lower(value: object) -> object:
    """Make words match whatever their case."""
    return value.strip().lower() if isinstance(value, str) else value


def human(value: timedelta) -> str:
    """Write a duration the way `duration` reads it, in the largest unit that divides it."""
    milliseconds = round(value / timedelta(milliseconds=1))
    for unit in ("d", "h", "m", "s"):
        size = round(_SECONDS[unit] * 1000)
        if milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


Duration = Annotated[timedelta, BeforeValidator(duration)]


def _parts(value: object) -> list[str]:
    return [part.strip() for part in str(value).lower().split(",") if part.strip()]


def _is_host(name: str) -> bool:
    return _address(name) is not None or _NAME.fullmatch(name) is not None


def _address(name: str) -> str | None:
    try:
        return str(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return None


def _origin(text: str) -> str:
    match = _ORIGIN.fullmatch(text)
    if match is None or not _is_host(match[2]) or int(match[3] or 1) not in range(1, 65_536):
        raise ValueError(
            "origins with scheme, host and perhaps port, such as https://app.example.com, "
            "without a path; neither * nor null"
        )
    scheme, host, port = match.groups()
    return f"{scheme}://{host}" + (
        f":{port}" if port and (scheme, port) not in _DEFAULT_PORTS else ""
    )


Networks = Annotated[tuple[Network, ...], BeforeValidator(networks), NoDecode]
Hosts = Annotated[tuple[str, ...], BeforeValidator(hosts), NoDecode]
Origins = Annotated[tuple[str, ...], BeforeValidator(origins), NoDecode]
Word = BeforeValidator(lower)
