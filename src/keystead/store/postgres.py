"""
The store on a PostgreSQL server, for any number of processes on any number of hosts.

No session-level state is relied upon, so PgBouncer may stand in between, in transaction mode too.
Opening never migrates: with several hosts, that is for somebody to decide.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from asyncpg import UniqueViolationError

from keystead.domain.audit import AuditHead, AuditRecord, Seal
from keystead.domain.errors import LastAdmin, StoreDown
from keystead.domain.load import Histogram, Load
from keystead.domain.session import Session, SessionId, SignedIn
from keystead.domain.tokens import Rotated, RotationOutcome, Unknown, judge
from keystead.domain.user import Role, Status, User, UserId
from keystead.store import audit_queries, postgres_schema, rows, sql, sql_attempts
from keystead.store.postgres_connection import Connector, Link
from keystead.store.postgres_errors import is_down, reason_of
from keystead.store.postgres_runner import Runner
from keystead.store.postgres_together import Together
from keystead.store.postgres_url import read_url
from keystead.store.rows import Row
from keystead.store.sql_store import Parameters
from keystead.store.sql_transfer import SqlTransfer

T = TypeVar("T")


class PostgresStore(SqlTransfer):
    """`domain.transfer.Transfer`, and so `domain.store.Store`, on PostgreSQL 14 or newer."""

    def __init__(self, url: str, pool: int) -> None:
        self._target = read_url(url)
        self._size = pool
        self._runner: Runner | None = None
        self._together = Together(lambda ids: self._read(sql.Postgres.FIND_SESSIONS, (ids,)))

    async def migrate(self) -> None:
        """See `Store.migrate`: one transaction under a lock."""
        try:
            await postgres_schema.migrate(Connector(self._target))
        except Exception as error:
            if is_down(error):
                raise StoreDown from reason_of(error)
            raise

    async def open(self) -> None:
        """Connect once, and see that the schema is there."""
        self._runner = Runner(Connector(self._target), self._size)
        await self._runner.run(postgres_schema.check_schema)

    async def open_to_read(self) -> bool:
        """See `Transfer.open_to_read`."""
        self._runner = Runner(Connector(self._target), self._size)
        is_there = await self._runner.run(postgres_schema.has_schema)
        if not is_there:
            await self.close()
        return is_there

    async def close(self) -> None:
        """Wait for what is under way, for 5 s at most, and disconnect."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.close()

    def load(self) -> Load:
        """See `Store.load`."""
        if self._runner is None:
            return Load(Histogram(), 0, 0, self._size)
        return self._runner.load()

    async def find_session(self, session_id: SessionId) -> SignedIn | None:
        """See `Store.find_session`: together with others that are looked for at this moment."""
        if not rows.can_be_kept(session_id):
            return None
        found = await self._together.find(session_id)
        return None if found is None else rows.signed_in_from(found)

    # What takes more than one statement, or another than SQLite's

    async def change_role(
        self, user_id: UserId, role: Role, now: datetime, *, record: AuditRecord | None
    ) -> User | None:
        """See `Store.change_role`."""
        parameters = (user_id, role.value, rows.to_millis(now))
        return await self._change_user(sql.CHANGE_ROLE, parameters, record)

    async def change_status(
        self, user_id: UserId, status: Status, now: datetime, *, record: AuditRecord | None
    ) -> User | None:
        """See `Store.change_status`."""
        parameters = (user_id, status.value, rows.to_millis(now))
        return await self._change_user(sql.CHANGE_STATUS, parameters, record)

    async def delete_user(self, user_id: UserId, *, record: AuditRecord | None) -> User | None:
        """See `Store.delete_user`: sessions go by the foreign key."""
        return await self._change_user(sql.DELETE_USER, (user_id,), record)

    async def open_session(self, session: Session, cap: int, *, record: AuditRecord | None) -> bool:
        """See `Store.open_session`: the user's row is locked, so that sign-ins take turns."""

        async def insert(link: Link) -> bool:
            async with link.transaction():
                opened = await link.fetch(sql.Postgres.OPEN_SESSION, rows.from_session(session))
                if opened:
                    await link.fetch(sql.EVICT_SESSIONS, (session.user_id, session.id, cap - 1))
                    await _keep(link, record)
                return bool(opened)

        return await self._run(insert)

    async def rotate_refresh_token(
        self, session_id: SessionId, generation: int, now: datetime, expires_at: datetime
    ) -> RotationOutcome:
        """See `Store.rotate_refresh_token`: one statement, and a read if it changed nothing."""
        if not rows.can_be_kept(session_id):
            return Unknown()
        parameters = (session_id, generation, rows.to_millis(now), rows.to_millis(expires_at))
        rotated = await self._write(sql.Postgres.ROTATE_REFRESH_TOKEN, parameters)
        if rotated:
            return Rotated(rows.signed_in_from(rotated[0]))
        return judge(await self.find_session(session_id), generation, now)

    async def purge_expired(self, now: datetime, limit: int) -> int:
        """See `Store.purge_expired`."""
        parameters = (rows.to_millis(now), limit)
        return len(await self._write(sql.Postgres.PURGE_EXPIRED, parameters))

    async def purge_attempts(self, now: datetime, limit: int) -> int:
        """See `Store.purge_attempts`."""
        parameters = (rows.to_millis(now), limit)
        return len(await self._write(sql_attempts.POSTGRES_PURGE_ATTEMPTS, parameters))

    async def seal_audit(
        self, seals: Sequence[Seal], old: AuditHead | None, new: AuditHead
    ) -> bool:
        """See `Store.seal_audit`: whoever moves the head keeps it locked until the commit."""
        heads = (audit_queries.from_head(old), audit_queries.from_head(new))

        async def seal(link: Link) -> bool:
            async with link.transaction():
                moved = await link.fetch(audit_queries.MOVE_HEAD, heads)
                if moved:
                    places = audit_queries.from_seals(seals)
                    await link.connection.executemany(audit_queries.SEAL, places)
                return bool(moved)

        try:
            return await self._run(seal)
        except UniqueViolationError:
            return False  # A place is taken: the head that says otherwise is gone.

    async def _change_user(
        self, query: str, parameters: Parameters, record: AuditRecord | None
    ) -> User | None:
        if not rows.can_be_kept(parameters[0]):
            return None

        async def change(link: Link) -> User | None:
            async with link.transaction():
                await link.fetch(sql.Postgres.LOCK_ADMINS)
                changed = await link.fetch(query, parameters)
                if not changed:
                    # Either there is no such user, or the guard in the WHERE held.
                    if await link.fetch(sql.FIND_USER, parameters[:1]):
                        raise LastAdmin
                    return None
                user = rows.user_from(changed[0])
                if not user.is_active:
                    await link.fetch(sql.CLOSE_SESSIONS, (user.id, ""))
                await _keep(link, record)
                return user

        return await self._run(change)

    # How a statement reaches the server

    async def _read(self, query: str, parameters: Parameters = ()) -> list[Row]:
        if self._runner is None:
            raise StoreDown
        return await self._runner.fetch(query, parameters, is_read=True)

    async def _write(
        self, query: str, parameters: Parameters = (), record: AuditRecord | None = None
    ) -> list[Row]:
        if self._runner is None:
            raise StoreDown
        if record is None:
            return await self._runner.fetch(query, parameters)

        async def write(link: Link) -> list[Row]:
            async with link.transaction():
                changed = await link.fetch(query, parameters)
                if changed:
                    await _keep(link, record)
                return changed

        return await self._run(write)

    async def _write_each(self, *work: tuple[str, Sequence[Parameters]]) -> None:
        async def write(link: Link) -> None:
            async with link.transaction():
                for query, parameters in work:
                    await link.connection.executemany(query, parameters)

        await self._run(write)

    async def _run(self, work: Callable[[Link], Awaitable[T]]) -> T:
        if self._runner is None:
            raise StoreDown
        return await self._runner.run(work)


async def _keep(link: Link, record: AuditRecord | None) -> None:
    if record is not None:
        added = await link.fetch(audit_queries.ADD, audit_queries.from_record(record))
        audit_queries.refuse_unkept(added)
