"""Rotations that may or may not have happened: the database went away before it answered."""

from datetime import datetime

from keystead.domain.session import SessionId

REMEMBERED = 10_000
"""Rotations: what one process has under way when a database goes away is a small part of that."""


class UnsettledRotations:
    """
    What this process asked for and got no answer to.

    If such a rotation did happen, its successor was handed to nobody: whoever holds the token before
    it comes again with that one, and is no thief. A rotation is known by its session and its moment.
    """

    def __init__(self) -> None:
        self._handed_out: dict[tuple[SessionId, datetime], datetime | None] = {}

    def note(self, session_id: SessionId, rotated_at: datetime) -> None:
        """Remember that nobody knows whether the session was rotated at *rotated_at*."""
        if len(self._handed_out) >= REMEMBERED:
            self._handed_out.pop(next(iter(self._handed_out)))
        self._handed_out.setdefault((session_id, rotated_at))

    def hand_out(
        self, session_id: SessionId, rotated_at: datetime, now: datetime
    ) -> datetime | None:
        """
        Hand the successor of that rotation out at *now*, unless somebody was given it before.

        Returns: None if this is the first time, else when that was.
        """
        key = (session_id, rotated_at)
        if key not in self._handed_out:
            return rotated_at  # It was answered, as nearly all are.
        first = self._handed_out[key]
        self._handed_out[key] = first or now
        return first
