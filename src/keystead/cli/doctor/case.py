"""What a check is given, and what it says."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum

import httpx

from keystead.flows.tools import Tools
from keystead.settings import Settings
from keystead.store import is_embedded, sqlite_path


class Severity(StrEnum):
    """
    How much it matters.

    `error`: something does not work, or anybody could use it. `warning`: it will, or somebody could.
    `note`: worth knowing. `ok`: looked at, and fine.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, why that matters, and what to do about it; the last two are empty if it is fine."""

    severity: Severity
    what: str
    why: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """
    The installation that is looked at.

    Args:
        tools: None if they could not be had: *refusal* says why.
        url: where a client reaches the running service, without a path; None to look at the settings only.
        http: asks that service; follows no redirect.

    """

    settings: Settings
    tools: Tools | None
    refusal: str | None
    url: str | None
    http: httpx.AsyncClient

    @property
    def is_new(self) -> bool:
        """Whether nothing was started here yet, and the first start makes what is missing."""
        url = self.settings.database_url.get_secret_value()
        is_made_by_start = is_embedded(url) and not self.settings.is_production
        return is_made_by_start and not sqlite_path(url).exists()


Check = Callable[[Case], AsyncIterator[Finding]]


def fine(what: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(Severity.OK, what)


def error(what: str, why: str, fix: str) -> Finding:
    """Return that something does not work, or is open to anybody."""
    return Finding(Severity.ERROR, what, why, fix)


def warning(what: str, why: str, fix: str) -> Finding:
    """Return that something will not work, or could be used by somebody."""
    return Finding(Severity.WARNING, what, why, fix)


def note(what: str, why: str, fix: str) -> Finding:
    """Return something worth knowing."""
    return Finding(Severity.NOTE, what, why, fix)
