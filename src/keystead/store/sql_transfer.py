"""Moving to and from SQL databases: `domain.transfer.Transfer`, where each verb is described."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime

from keystead.domain.audit import AuditHead, AuditRecord
from keystead.domain.session import Session
from keystead.domain.transfer import CopyState, Counts
from keystead.domain.user import Credentials
from keystead.store import audit_queries, rows, sql
from keystead.store.sql_overview import SqlOverview
from keystead.store.sql_store import Parameters


class SqlTransfer(SqlOverview):
    """The verbs that no request needs, on top of those that it does."""

    @abstractmethod
    async def open_to_read(self) -> bool:
        """See `Transfer.open_to_read`."""

    @abstractmethod
    async def _write_each(self, *work: tuple[str, Sequence[Parameters]]) -> None:
        """
        Run each statement once for each of its parameters, all in one transaction.

        Raises: StoreDown.
        """

    async def count(self, now: datetime) -> Counts:
        """See `Transfer.count`."""
        users, sessions, over = (await self._read(sql.COUNT, (rows.to_millis(now),)))[0]
        return Counts(users, sessions, over, (await self._read(audit_queries.COUNT))[0][0])

    async def export_users(self, after: str, limit: int) -> list[Credentials]:
        """See `Transfer.export_users`."""
        found = await self._read(sql.EXPORT_USERS, (after, limit))
        return [rows.credentials_from(row) for row in found]

    async def export_sessions(self, after: str, limit: int, now: datetime) -> list[Session]:
        """See `Transfer.export_sessions`: the foreign key leaves none without a user."""
        found = await self._read(sql.EXPORT_SESSIONS, (after, limit, rows.to_millis(now)))
        return [rows.session_from(row) for row in found]

    async def import_users(self, users: Sequence[Credentials], gone: Sequence[str]) -> None:
        """See `Transfer.import_users`."""
        await self._write_each(
            (sql.DROP_USER, [(user_id,) for user_id in gone]),
            (sql.FREE_ADDRESS, [(each.user.email, each.user.id) for each in users]),
            (sql.IMPORT_USER, [rows.from_user(each.user, each.password) for each in users]),
        )

    async def import_sessions(self, sessions: Sequence[Session], gone: Sequence[str]) -> None:
        """See `Transfer.import_sessions`."""
        await self._write_each(
            (sql.DROP_SESSION, [(session_id,) for session_id in gone]),
            (sql.IMPORT_SESSION, [rows.from_session(session) for session in sessions]),
        )

    async def import_audit(self, records: Sequence[AuditRecord], gone: Sequence[str]) -> None:
        """See `Transfer.import_audit`."""
        await self._write_each(
            (audit_queries.DROP, [(record_id,) for record_id in gone]),
            (audit_queries.IMPORT, [audit_queries.from_record(record) for record in records]),
        )

    async def keep_audit_head(self, head: AuditHead | None) -> None:
        """See `Transfer.keep_audit_head`."""
        if head is None:
            await self._write(audit_queries.FORGET_HEAD)
        else:
            await self._write(audit_queries.KEEP_HEAD, (audit_queries.from_head(head),))

    async def find_copy(self) -> CopyState | None:
        """See `Transfer.find_copy`."""
        found = await self._read(sql.FIND_COPY)
        return rows.copy_state_from(found[0][0]) if found else None

    async def keep_copy(self, state: CopyState) -> None:
        """See `Transfer.keep_copy`."""
        await self._write(sql.KEEP_COPY, (rows.from_copy_state(state),))
