"""Whether the running service is there, is this one, and has its clock right."""

import re
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime

import httpx

from keystead import __version__
from keystead.assembly import system_clock
from keystead.cli.doctor.case import Case, Finding, error, fine, warning
from keystead.domain.tokens import CLOCK_SKEW

VERSION = re.compile(r"[0-9A-Za-z.+-]{1,32}")
"""Who knows what answers: nothing else of it is printed as it is."""


async def examine(case: Case) -> AsyncIterator[Finding]:
    """Ask `/`, `/readyz` and a path that is not there."""
    if case.url is None:
        return
    try:
        root = await case.http.get("/")
    except httpx.HTTPError as failure:
        yield error(
            f"{case.url} does not answer: {failure or type(failure).__name__}",
            "no client reaches it",
            "start it, or look at the proxy, the name and the certificate",
        )
        return
    yield _identity(case, root)
    ready = await case.http.get("/readyz")
    if ready.status_code == httpx.codes.OK:
        yield fine("it says that it is ready")
    else:
        yield error(
            f"/readyz says {ready.status_code}",
            "requests are refused with 503",
            "the log says why: `store_not_connected` or `store_unavailable`",
        )
    if _is_off(root.headers.get("date", "")):
        yield warning(
            "its clock and the one of this machine differ by more than 10 s",
            "tokens of one host are refused by another",
            "run a time service (chrony, systemd-timesyncd) on both",
        )


def _is_off(date: str) -> bool:
    try:
        return abs(parsedate_to_datetime(date) - system_clock()) > CLOCK_SKEW
    except (TypeError, ValueError):  # It says no time, or not of which zone.
        return False


def _identity(case: Case, root: httpx.Response) -> Finding:
    if root.status_code == httpx.codes.MISDIRECTED_REQUEST:
        return error(
            "the service does not serve this host name (421)",
            "every request is refused",
            "add the name to KEYSTEAD_ALLOWED_HOSTS, and let the proxy pass Host on",
        )
    try:
        version = VERSION.fullmatch(root.json()["version"])
    except (ValueError, KeyError, TypeError, RecursionError):
        version = None
    if version is None:
        return error(
            f"what answers at {case.url} is not Keystead ({root.status_code})",
            "clients speak to something else",
            "look at the proxy's route",
        )
    if version[0] != __version__:
        return warning(
            f"version {version[0]} runs, and this is {__version__}",
            "an old process, or another host, still serves",
            "restart it",
        )
    return fine(f"Keystead {version[0]} answers at {case.url}")
