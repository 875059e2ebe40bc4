"""How long ago a password may have been proved for what gives power away or cannot be undone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from keystead.domain.session import Session
from keystead.domain.tokens import CLOCK_SKEW


class StepUp(StrEnum):
    """Which routes ask for a recent proof, and, of one route, from which of these on it does."""

    ADDED = "added"
    """Those that the reference system does not have: no client of its API has to learn anything."""

    ALL = "all"
    """Its own routes too."""


@dataclass(frozen=True, slots=True)
class StepUpPolicy:
    """
    When a session has to prove the password again (OWASP ASVS 7.5.1, 7.5.3).

    Args:
        scope: which routes ask for it; None if none does.
        window: for how long a proof counts. NIST SP 800-63B-4 leaves it open; ten minutes are enough
            to finish what one began.

    """

    scope: StepUp | None = StepUp.ADDED
    window: timedelta = timedelta(minutes=10)

    def is_asked(self, asks: StepUp) -> bool:
        """Say whether a route that asks from *asks* on does so."""
        return self.scope is StepUp.ALL or self.scope is asks

    def is_recent(self, session: Session, now: datetime) -> bool:
        """
        Say whether the proof still counts; not at the very end of the window.

        One from the future does not: a clock that was set back must not make it last longer.
        """
        return -CLOCK_SKEW <= now - session.authenticated_at < self.window
