"""What an admin should know at a glance: how many, how it goes, from where, and what to see to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from keystead.domain.session import Place

MOST = 50_000
"""Accounts of a kind, and live sessions, are counted up to here: some milliseconds of an index."""

MOST_A_DAY = 10_000
"""Events of a kind are counted up to here for each day."""

GEO_DATABASE_OLD = timedelta(days=45)
"""Editions come once a month or more often, so this one was not replaced by the last."""

SAMPLE = 1000
"""Sessions whose places are looked at: those that expire last, which are those used last."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What there is; each number stops at `MOST`."""

    users: int
    admins: int
    disabled: int
    sessions: int


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where one live session was opened."""

    ip: str | None
    place: Place | None


class Concern(StrEnum):
    """What is allowed, and should not stay so."""

    JWT_SECRET_WEAK = "jwt_secret_weak"  # noqa: S105 - the name of a concern
    GEO_DATABASE_MISSING = "geo_database_missing"
    GEO_DATABASE_OLD = "geo_database_old"
    PROXY_UNTRUSTED = "proxy_untrusted"
    PROXY_SILENT = "proxy_silent"
    THROTTLE_OFF = "throttle_off"
    REDIS_AWAY = "redis_away"


@dataclass(frozen=True, slots=True)
class Installation:
    """
    What runs here.

    Args:
        database: the product, as it writes its name.
        geo_built_at: when the geo database in use was made; None without one.
        expects_proxy: requests should come through a proxy that says whose they are.

    """

    database: str
    geo_built_at: datetime | None
    expects_proxy: bool
    concerns: tuple[Concern, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """How many of what happened on one day in UTC; each number stops at `MOST_A_DAY`."""

    begins_at: datetime
    sign_ins: int
    failures: int
    registrations: int
    replays: int


@dataclass(frozen=True, slots=True)
class Overview:
    """
    The whole of it.

    Args:
        days: the oldest first; the last one is today, so far.
        sample: up to `SAMPLE` sessions.

    """

    counts: Counts
    days: Sequence[Day]
    sample: Sequence[Whereabouts]
    installation: Installation
