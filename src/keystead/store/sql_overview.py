"""What an admin sees at a glance, in SQL databases: a part of `domain.store.Store`, described there."""

from datetime import datetime

from keystead.domain.overview import Counts, Whereabouts
from keystead.store import overview_queries, rows
from keystead.store.sql_audit import SqlAudit


class SqlOverview(SqlAudit):
    """The verbs that count, on top of those of the audit log."""

    async def count_all(self, now: datetime, limit: int) -> Counts:
        """See `Store.count_all`."""
        found = await self._read(overview_queries.COUNT_ALL, (rows.to_millis(now), limit))
        users, admins, disabled, sessions = found[0]
        return Counts(min(users + admins, limit), admins, disabled, sessions)

    async def count_audit(self, name: str, first: str, end: str, limit: int) -> int:
        """See `Store.count_audit`."""
        found = await self._read(overview_queries.COUNT_AUDIT, (name, first, end, limit))
        return int(found[0][0])

    async def sample_whereabouts(self, now: datetime, limit: int) -> list[Whereabouts]:
        """See `Store.sample_whereabouts`."""
        parameters = (rows.to_millis(now), limit)
        found = await self._read(overview_queries.SAMPLE_WHEREABOUTS, parameters)
        return [Whereabouts(ip, rows.place_from(place)) for ip, place in found]
