"""
What a User-Agent header says of the device: for people to know their sessions by, never a proof.

Chrome on Android no longer names the phone, Windows 11 calls itself 10, and macOS stays at 10.15.
"""

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from keystead.domain.session import MAX_USER_AGENT, Device

if TYPE_CHECKING:
    import ua_parser
    from ua_parser.regex import Resolver

CACHED_DEVICES = 512
"""At most 0.5 MiB of the longest headers; most users send what many others send too."""

NAME_MAX_CHARACTERS = 64
"""A line in a list of sessions."""

DESKTOPS = frozenset({
    "Windows", "Mac OS X", "Chrome OS", "Linux", "Arch Linux", "CentOS", "Debian", "Fedora",
    "Gentoo", "Kubuntu", "Linux Mint", "Lubuntu", "Mageia", "Mandriva", "Red Hat", "SUSE",
    "Slackware", "Ubuntu", "openSUSE", "FreeBSD", "NetBSD", "OpenBSD", "Solaris",
})  # fmt: skip
"""The operating systems of desks and laps, as ua-parser spells them."""

UNNAMED = frozenset({"Other", "Mac", "Spider"})
"""Device families that name no device; a spider is a robot."""

ANDROID_WITHHELD = "K"
"""The model every Android has in Chrome's reduced user agent (since Chrome 110)."""


def read_device(user_agent: str) -> Device:
    """Read the first `MAX_USER_AGENT` characters of a User-Agent header. Never raises."""
    return _read(user_agent[:MAX_USER_AGENT]) if user_agent else Device()


@lru_cache(maxsize=CACHED_DEVICES)
def _read(user_agent: str) -> Device:
    try:
        return _parse(user_agent)
    except Exception:  # noqa: BLE001 - what a client says of itself must not stop it from signing in.
        return Device()


def _parse(user_agent: str) -> Device:
    from ua_parser import Domain  # noqa: PLC0415 - see `_parser`.

    said = _parser()(user_agent, Domain.ALL)
    return Device(
        name=_device_name(said.device, said.os),
        browser=_browser_name(said.user_agent),
        os=_os_name(said.os),
    )


@cache
def _parser() -> "Resolver":
    """
    Compile the patterns of ua-parser: 0.2 s and 29 MiB, once.

    Imported here, so that commands which read no header do not pay for it. The resolver is used
    without ua-parser's own cache of 2000 results: `_read` has one.
    """
    from ua_parser import load_lazy_builtins  # noqa: PLC0415
    from ua_parser.regex import Resolver  # noqa: PLC0415

    return Resolver(load_lazy_builtins())


def _device_name(device: "ua_parser.Device | None", os: "ua_parser.OS | None") -> str | None:
    """Return the word a person would use for it: "iPhone", "Pixel 8", "Desktop"."""
    if device and device.family not in UNNAMED:
        is_withheld = device.family == ANDROID_WITHHELD or device.brand == "Generic"
        return _generic_name(device) if is_withheld else _clean(device.family)
    is_robot = device is not None and device.family == "Spider"
    return "Desktop" if os and os.family in DESKTOPS and not is_robot else None


def _generic_name(device: "ua_parser.Device") -> str | None:
    if "Tablet" in f"{device.family} {device.brand}":
        return "Tablet"
    return "Phone" if device.family in {ANDROID_WITHHELD, "Generic Smartphone"} else None


def _browser_name(browser: "ua_parser.UserAgent | None") -> str | None:
    return _versioned(browser.family, browser.major) if browser else None


def _os_name(os: "ua_parser.OS | None") -> str | None:
    if os is None:
        return None
    if os.family == "Chrome OS":
        # Its number is that of a build, which nobody knows.
        return os.family
    if os.family == "Mac OS X" and os.major:
        # Ten was the version of fifteen systems; since then the first number counts.
        is_ten = os.major == "10" and os.minor
        return _clean(f"Mac OS X 10.{os.minor}" if is_ten else f"macOS {os.major}")
    return _versioned(os.family, os.major)


def _versioned(family: str, major: str | None) -> str | None:
    return None if family == "Other" else _clean(f"{family} {major or ''}")


def _clean(text: str) -> str | None:
    """Return what is fit for a page: some families are copied from the header."""
    return "".join(filter(str.isprintable, text))[:NAME_MAX_CHARACTERS].strip() or None
