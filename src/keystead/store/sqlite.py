"""
The embedded store: one SQLite file, any number of processes on one machine.

Keyed reads and short writes run right on the event loop's thread (about 6 microseconds each, and in
WAL mode no writer ever blocks a read); a session is not read again until something has been committed.
Writes go through `GroupWriter`, whose thread waits for the disk. Opening brings the schema up to date.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

from keystead.domain.audit import AuditHead, AuditRecord, Seal
from keystead.domain.errors import StoreDown
from keystead.domain.load import Load
from keystead.domain.session import Session, SessionId, SignedIn
from keystead.domain.throttle import Tally, Wanted
from keystead.domain.tokens import RotationOutcome, Unknown
from keystead.domain.user import Role, Status, User, UserId
from keystead.store import audit_queries, rows, sql, sql_attempts
from keystead.store import sqlite_transactions as transactions
from keystead.store.rows import Row
from keystead.store.sql_store import Parameters
from keystead.store.sql_transfer import SqlTransfer
from keystead.store.sqlite_ballast import Ballast, Tell, nobody
from keystead.store.sqlite_connection import (
    OUR_BUGS,
    connect,
    connect_to_read,
    count_sessions,
    fetch_all,
    run_each,
)
from keystead.store.sqlite_known import Changes, KnownSessions
from keystead.store.sqlite_schema import bring_up_to_date, has_schema, make_file
from keystead.store.sqlite_wal_index import find_wal_index
from keystead.store.sqlite_writer import GroupWriter

WRITE_WAIT_MS = 5000
"""How long a write waits for another process before it is given up."""

READ_WAIT_MS = 250
"""A read waits only while a crashed process's log is recovered; it holds up the event loop."""

LONG = frozenset({sql.PURGE_EXPIRED, sql_attempts.PURGE_ATTEMPTS, audit_queries.TRIM})
"""Statements that change hundreds of rows: the event loop does not wait for them."""


def sqlite_path(url: str) -> Path:
    """Return the file of `sqlite:///relative.db` or `sqlite:////absolute.db`."""
    return Path(unquote(url.removeprefix("sqlite:///")))


class SqliteStore(SqlTransfer):
    """`domain.transfer.Transfer`, and so `domain.store.Store`, on one SQLite file."""

    def __init__(self, path: Path, tell: Tell = nobody) -> None:
        self._path = path
        self._tell = tell
        self._reader: sqlite3.Connection | None = None
        self._writer: GroupWriter | None = None
        self._known: KnownSessions | None = None

    async def migrate(self) -> None:
        """See `Store.migrate`: opening does it."""
        try:
            await self.open()
        finally:
            await self.close()

    async def open(self) -> None:
        """Open the file, making it (readable by its owner only) if it is not there, and migrate."""
        try:
            make_file(self._path)
            ballast = Ballast(self._path, self._tell)
            writer = self._connect_to_write(ballast)
            self._writer = GroupWriter(writer, WRITE_WAIT_MS / 1000, ballast)
            bring_up_to_date(writer, self._path)
            writer.execute("PRAGMA busy_timeout = 0")  # From here on it is told when to wait.
            self._reader = connect(self._path, READ_WAIT_MS)
            self._reader.execute("PRAGMA query_only = ON")
            index = find_wal_index(self._path)
            if index is not None:
                self._known = KnownSessions(index)
                self._writer.changes = Changes(writer, self._known)
            ballast.is_held()
        except (OSError, sqlite3.Error) as error:
            raise StoreDown from error

    def _connect_to_write(self, ballast: Ballast) -> sqlite3.Connection:
        try:
            return connect(self._path, WRITE_WAIT_MS)
        except sqlite3.OperationalError:
            if not ballast.give_up_if_full():
                raise
        return connect(self._path, WRITE_WAIT_MS)

    async def open_to_read(self) -> bool:
        """See `Transfer.open_to_read`: without the writer nothing can be changed."""
        if not self._path.exists():
            return False
        try:
            self._reader = connect_to_read(self._path, WRITE_WAIT_MS)
            is_there = has_schema(self._reader)
        except sqlite3.Error as error:
            raise StoreDown from error
        if not is_there:
            await self.close()
        return is_there

    async def close(self) -> None:
        """Commit what is waiting and close both connections."""
        known, self._known = self._known, None
        writer, self._writer = self._writer, None
        reader, self._reader = self._reader, None
        if writer is not None:
            await writer.close()
        if known is not None:
            known.close()
        if reader is not None:
            reader.close()

    def load(self) -> Load:
        """See `Store.load`: of its one writer. A read is over before anybody could wait for it."""
        return self._open_writer.load()

    async def count_sessions(self, now: datetime) -> int:
        """See `Store.count_sessions`: not on the event loop, which may have others to serve."""
        if self._reader is None:
            raise StoreDown
        return await asyncio.to_thread(count_sessions, self._path, READ_WAIT_MS, now)

    async def find_session(self, session_id: SessionId) -> SignedIn | None:
        """See `Store.find_session`: as remembered, if nobody has committed since it was read."""
        if self._known is None:
            return await super().find_session(session_id)
        header = self._known.header()
        found = self._known.find(session_id, header)
        if found is None:
            found = await super().find_session(session_id)
            if found is not None:
                self._known.keep(session_id, found, header)
        return found

    # What takes more than one statement

    async def change_role(
        self, user_id: UserId, role: Role, now: datetime, *, record: AuditRecord | None
    ) -> User | None:
        """See `Store.change_role`."""
        parameters = (user_id, role.value, rows.to_millis(now))
        return await self._open_writer.run(
            lambda db: transactions.change_user(db, sql.CHANGE_ROLE, parameters, record),
            takes_away=role is not Role.ADMIN,
        )

    async def change_status(
        self, user_id: UserId, status: Status, now: datetime, *, record: AuditRecord | None
    ) -> User | None:
        """See `Store.change_status`."""
        parameters = (user_id, status.value, rows.to_millis(now))
        return await self._open_writer.run(
            lambda db: transactions.change_status(db, parameters, record),
            takes_away=status is not Status.ACTIVE,
        )

    async def delete_user(self, user_id: UserId, *, record: AuditRecord | None) -> User | None:
        """See `Store.delete_user`: sessions go by the foreign key."""
        return await self._open_writer.run(
            lambda db: transactions.change_user(db, sql.DELETE_USER, (user_id,), record),
            takes_away=True,
        )

    async def open_session(self, session: Session, cap: int, *, record: AuditRecord | None) -> bool:
        """See `Store.open_session`."""
        return await self._open_writer.run(
            lambda db: transactions.open_session(db, session, cap, record), is_short=True
        )

    async def rotate_refresh_token(
        self, session_id: SessionId, generation: int, now: datetime, expires_at: datetime
    ) -> RotationOutcome:
        """See `Store.rotate_refresh_token`: the UPDATE names the generation it replaces."""
        if not rows.can_be_kept(session_id):
            return Unknown()
        writer = self._open_writer
        return await writer.run(
            lambda db: transactions.rotate(
                db, writer.changes, session_id, generation, now, expires_at
            ),
            is_short=True,
        )

    async def count_attempts(self, wanted: Wanted, now: datetime) -> list[Tally]:
        """See `Store.count_attempts`."""
        return await self._open_writer.run(
            lambda db: transactions.count_attempts(db, wanted, now), is_short=True
        )

    async def seal_audit(
        self, seals: Sequence[Seal], old: AuditHead | None, new: AuditHead
    ) -> bool:
        """See `Store.seal_audit`."""
        try:
            return await self._open_writer.run(lambda db: transactions.seal(db, seals, old, new))
        except sqlite3.IntegrityError:
            return False  # A place is taken: the head that says otherwise is gone.

    # How a statement reaches the file

    async def _read(self, query: str, parameters: Parameters = ()) -> list[Row]:
        if self._reader is None:
            raise StoreDown
        try:
            return fetch_all(self._reader, query, parameters)
        except OUR_BUGS:
            raise
        except sqlite3.DatabaseError as error:
            raise StoreDown from error

    async def _write(
        self, query: str, parameters: Parameters = (), record: AuditRecord | None = None
    ) -> list[Row]:
        return await self._open_writer.run(
            lambda db: transactions.change(db, query, parameters, record),
            is_short=query not in LONG,
        )

    async def _take_away(
        self, query: str, parameters: Parameters, record: AuditRecord | None
    ) -> list[Row]:
        return await self._open_writer.run(
            lambda db: transactions.change(db, query, parameters, record), takes_away=True
        )

    async def _write_each(self, *work: tuple[str, Sequence[Parameters]]) -> None:
        await self._open_writer.run(lambda db: run_each(db, work))

    @property
    def _open_writer(self) -> GroupWriter:
        if self._writer is None:
            raise StoreDown
        return self._writer
