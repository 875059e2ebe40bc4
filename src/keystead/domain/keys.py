"""
Keys that are replaced while everything runs: what they are for, and what becomes of them.

::

    next ──> active ──> retiring ──> gone
      │         │           └ made things that are still about: verifies them, until it is retired
      │         └ makes, and verifies
      └ published, so that everybody knows it before the first thing it makes

The first two steps are a matter of time, so that all processes and hosts take them at once; the last
one is an operator's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

SHORTEST_LEAD = timedelta(seconds=5)
"""Until a key may make something: every process has looked at its keys twice by then."""

LEAD = timedelta(minutes=10)
"""The usual wait: twice as long as other services may keep the published keys."""

LONGEST_LEAD = timedelta(days=30)


class KeyUse(StrEnum):
    """What a key is for. Those of the audit log are never retired: old records need them."""

    SIGNING = "signing"
    REFRESH = "refresh"
    PEPPER = "pepper"


class KeyState(StrEnum):
    """Where in its life a key is."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRING = "retiring"


@dataclass(frozen=True, slots=True)
class KeyLine:
    """
    One key, without the key itself.

    Args:
        id: of a signing key its `kid`, otherwise a number.
        since: from when on it makes; None: from the beginning.
        until: until when it made; None if it still does, or has not begun.

    """

    use: KeyUse
    id: str
    state: KeyState
    since: datetime | None
    until: datetime | None


class KeyRefused(Exception):  # noqa: N818 - named for the fact, like every fault.
    """The keys stay as they are; the text says why, and what would help."""


def refuse_if_one_waits(lines: Iterable[KeyLine], use: KeyUse) -> None:
    """
    Let one key of each use wait at a time: the second would take over from one that made nothing.

    Raises: KeyRefused.
    """
    for line in lines:
        if line.use is use and line.state is KeyState.NEXT:
            raise KeyRefused(f"a {use} key waits already: {line.id}; retire it to make another")


class KeyCabinet(Protocol):
    """Where an operator changes keys; every change is whole on the disk when its verb returns."""

    def list_keys(self, now: datetime) -> list[KeyLine]:
        """Return every key that is in use, by use, oldest first."""

    def add_key(self, use: KeyUse, start: datetime, now: datetime) -> KeyLine:
        """
        Make a key that makes from *start* on.

        Raises: KeyRefused: it cannot be written there, or one waits already, as of *now*.
        """

    def remove_key(self, use: KeyUse, key_id: str) -> None:
        """Use a key no more. Raises: KeyRefused."""
