"""The audit log in SQL databases: a part of `domain.store.Store`, where each verb is described."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime

from keystead.domain.audit import AuditHead, AuditQuery, AuditRecord, Seal
from keystead.store import audit_queries, rows
from keystead.store.sql_store import Parameters, SqlStore


class SqlAudit(SqlStore):
    """The verbs of the audit log, on top of those for users and sessions."""

    @abstractmethod
    async def seal_audit(
        self, seals: Sequence[Seal], old: AuditHead | None, new: AuditHead
    ) -> bool:
        """See `Store.seal_audit`."""

    async def add_audit_record(self, record: AuditRecord) -> None:
        """See `Store.add_audit_record`."""
        added = await self._write(audit_queries.ADD, audit_queries.from_record(record))
        audit_queries.refuse_unkept(added)

    async def list_audit(self, query: AuditQuery) -> list[AuditRecord]:
        """See `Store.list_audit`."""
        return await self._records(*audit_queries.list_records(query))

    async def export_audit(self, after: str, limit: int) -> list[AuditRecord]:
        """See `Store.export_audit`."""
        return await self._records(audit_queries.EXPORT, (after, limit))

    async def list_sealed(self, after: int | None, limit: int) -> list[AuditRecord]:
        """See `Store.list_sealed`."""
        if after is None:
            return await self._records(audit_queries.LIST_FIRST_SEALED, (limit,))
        return await self._records(audit_queries.LIST_SEALED, (after, limit))

    async def list_unsealed(self, after: str, limit: int) -> list[AuditRecord]:
        """See `Store.list_unsealed`."""
        return await self._records(audit_queries.LIST_UNSEALED, (after, limit))

    async def find_audit_head(self) -> AuditHead | None:
        """See `Store.find_audit_head`."""
        found = await self._read(audit_queries.FIND_HEAD)
        return audit_queries.head_from(found[0][0]) if found else None

    async def trim_audit(self, before: datetime, limit: int) -> int:
        """See `Store.trim_audit`."""
        return len(await self._write(audit_queries.TRIM, (rows.to_millis(before), limit)))

    async def _records(self, query: str, parameters: Parameters) -> list[AuditRecord]:
        return [audit_queries.record_from(row) for row in await self._find(query, parameters)]
