"""
The embedded store: one SQLite file, any number of processes on one machine.

Keyed reads run right on the event loop's thread (about 6 microseconds each, and in WAL mode no
writer ever blocks them). Writes go through `GroupWriter`. Opening brings the schema up to date.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote

from keystead.domain.errors import LastAdmin, StoreDown
from keystead.domain.session import Session, SessionId, SignedIn
from keystead.domain.tokens import Rotated, RotationOutcome, judge
from keystead.domain.user import (
    Credentials,
    EmailAddress,
    PasswordHash,
    Role,
    Status,
    User,
    UserId,
    UserQuery,
)
from keystead.store import rows, sql
from keystead.store.rows import Row
from keystead.store.sqlite_connection import OUR_BUGS, Parameters, connect, fetch_all, fetch_one
from keystead.store.sqlite_schema import bring_up_to_date, make_file
from keystead.store.sqlite_writer import GroupWriter

WRITE_WAIT_MS = 5000
"""How long a write waits for another process before it is given up."""

READ_WAIT_MS = 250
"""A read waits only while a crashed process's log is recovered; it holds up the event loop."""

T = TypeVar("T")


def sqlite_path(url: str) -> Path:
    """Return the file of `sqlite:///relative.db` or `sqlite:////absolute.db`."""
    return Path(unquote(url.removeprefix("sqlite:///")))


class SqliteStore:
    """`domain.ports.Store` on one SQLite file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader: sqlite3.Connection | None = None
        self._writer: GroupWriter | None = None

    async def open(self) -> None:
        """Open the file, making it (readable by its owner only) if it is not there, and migrate."""
        try:
            make_file(self._path)
            writer = connect(self._path, WRITE_WAIT_MS)
            self._writer = GroupWriter(writer, WRITE_WAIT_MS / 1000)
            bring_up_to_date(writer, self._path)
            self._reader = connect(self._path, READ_WAIT_MS)
            self._reader.execute("PRAGMA query_only = ON")
        except (OSError, sqlite3.Error) as error:
            raise StoreDown from error

    async def close(self) -> None:
        """Commit what is waiting and close both connections."""
        writer, self._writer = self._writer, None
        reader, self._reader = self._reader, None
        if writer is not None:
            await writer.close()
        if reader is not None:
            reader.close()

    async def check(self) -> None:
        """Read something."""
        self._find(sql.CHECK)

    # Users

    async def add_user(self, user: User, password: PasswordHash) -> bool:
        """See `Store.add_user`: the unique index decides."""
        return await self._change(sql.ADD_USER, rows.from_user(user, password)) is not None

    async def find_user(self, user_id: UserId) -> User | None:
        """See `Store.find_user`."""
        row = self._find(sql.FIND_USER, (user_id,))
        return None if row is None else rows.user_from(row)

    async def find_credentials(self, email: EmailAddress) -> Credentials | None:
        """See `Store.find_credentials`."""
        row = self._find(sql.FIND_CREDENTIALS, (email,))
        return None if row is None else rows.credentials_from(row)

    async def list_users(self, query: UserQuery) -> list[User]:
        """See `Store.list_users`."""
        return [rows.user_from(row) for row in self._find_all(*sql.list_users(query))]

    async def has_admin(self) -> bool:
        """See `Store.has_admin`."""
        return self._find(sql.HAS_ADMIN) is not None

    async def replace_password_hash(
        self, user_id: UserId, old: PasswordHash, new: PasswordHash
    ) -> bool:
        """See `Store.replace_password_hash`."""
        parameters = (user_id, old.text, new.text, new.pepper_id)
        return await self._change(sql.REPLACE_PASSWORD_HASH, parameters) is not None

    async def change_role(self, user_id: UserId, role: Role, now: datetime) -> User | None:
        """See `Store.change_role`."""
        parameters = (user_id, role.value, rows.to_millis(now))
        return await self._write(lambda db: _change_user(db, sql.CHANGE_ROLE, parameters))

    async def change_status(self, user_id: UserId, status: Status, now: datetime) -> User | None:
        """See `Store.change_status`."""
        parameters = (user_id, status.value, rows.to_millis(now))

        def change(db: sqlite3.Connection) -> User | None:
            user = _change_user(db, sql.CHANGE_STATUS, parameters)
            if user is not None and not user.is_active:
                fetch_all(db, sql.CLOSE_SESSIONS, (user_id, ""))
            return user

        return await self._write(change)

    async def delete_user(self, user_id: UserId) -> User | None:
        """See `Store.delete_user`: sessions go by the foreign key."""
        return await self._write(lambda db: _change_user(db, sql.DELETE_USER, (user_id,)))

    # Sessions

    async def open_session(self, session: Session, cap: int) -> bool:
        """See `Store.open_session`."""

        def insert(db: sqlite3.Connection) -> bool:
            if fetch_one(db, sql.OPEN_SESSION, rows.from_session(session)) is None:
                return False
            fetch_all(db, sql.EVICT_SESSIONS, (session.user_id, session.id, cap - 1))
            return True

        return await self._write(insert)

    async def find_session(self, session_id: SessionId) -> SignedIn | None:
        """See `Store.find_session`."""
        row = self._find(sql.FIND_SESSION, (session_id,))
        return None if row is None else rows.signed_in_from(row)

    async def list_sessions(self, user_id: UserId, now: datetime) -> list[Session]:
        """See `Store.list_sessions`."""
        found = self._find_all(sql.LIST_SESSIONS, (user_id, rows.to_millis(now)))
        return [rows.session_from(row) for row in found]

    async def touch_session(
        self, session_id: SessionId, now: datetime, expires_at: datetime
    ) -> None:
        """See `Store.touch_session`."""
        parameters = (session_id, rows.to_millis(now), rows.to_millis(expires_at))
        await self._change(sql.TOUCH_SESSION, parameters)

    async def rotate_refresh_token(
        self, session_id: SessionId, generation: int, now: datetime, expires_at: datetime
    ) -> RotationOutcome:
        """See `Store.rotate_refresh_token`: the UPDATE names the generation it replaces."""
        parameters = (session_id, generation, rows.to_millis(now), rows.to_millis(expires_at))

        def rotate(db: sqlite3.Connection) -> RotationOutcome:
            is_rotated = fetch_one(db, sql.ROTATE_REFRESH_TOKEN, parameters) is not None
            row = fetch_one(db, sql.FIND_SESSION, (session_id,))
            found = None if row is None else rows.signed_in_from(row)
            if is_rotated and found is not None:
                return Rotated(found)
            return judge(found, generation, now)

        return await self._write(rotate)

    async def close_session(self, session_id: SessionId, owner: UserId | None = None) -> bool:
        """See `Store.close_session`."""
        if owner is None:
            return await self._change(sql.CLOSE_SESSION, (session_id,)) is not None
        return await self._change(sql.CLOSE_OWN_SESSION, (session_id, owner)) is not None

    async def close_sessions(self, user_id: UserId, keep: SessionId | None = None) -> int:
        """See `Store.close_sessions`."""
        closed = await self._write(
            lambda db: fetch_all(db, sql.CLOSE_SESSIONS, (user_id, keep or ""))
        )
        return len(closed)

    # Upkeep

    async def purge_expired(self, now: datetime, limit: int) -> int:
        """See `Store.purge_expired`."""
        parameters = (rows.to_millis(now), limit)
        return len(await self._write(lambda db: fetch_all(db, sql.PURGE_EXPIRED, parameters)))

    async def take_lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """See `Store.take_lease`."""
        parameters = (name, holder, rows.to_millis(now), rows.to_millis(until))
        return await self._change(sql.TAKE_LEASE, parameters) is not None

    async def bind_secrets(self, fingerprint: str) -> str:
        """See `Store.bind_secrets`."""

        def bind(db: sqlite3.Connection) -> str:
            fetch_all(db, sql.BIND_SECRETS, (fingerprint,))
            row = fetch_one(db, sql.FIND_SECRETS)
            return fingerprint if row is None else str(row[0])

        return await self._write(bind)

    async def find_fingerprint(self) -> str | None:
        """See `Store.find_fingerprint`."""
        row = self._find(sql.FIND_SECRETS)
        return None if row is None else str(row[0])

    # How the verbs above reach the file

    def _find(self, query: str, parameters: Parameters = ()) -> Row | None:
        return next(iter(self._find_all(query, parameters)), None)

    def _find_all(self, query: str, parameters: Parameters = ()) -> list[Row]:
        if self._reader is None:
            raise StoreDown
        try:
            return fetch_all(self._reader, query, parameters)
        except OUR_BUGS:
            raise
        except sqlite3.DatabaseError as error:
            raise StoreDown from error

    async def _change(self, query: str, parameters: Parameters) -> Row | None:
        return await self._write(lambda db: fetch_one(db, query, parameters))

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._writer is None:
            raise StoreDown
        return await self._writer.run(work)


def _change_user(db: sqlite3.Connection, query: str, parameters: Parameters) -> User | None:
    row = fetch_one(db, query, parameters)
    if row is not None:
        return rows.user_from(row)
    # Nothing changed: either there is no such user, or the guard in the WHERE held.
    if fetch_one(db, sql.FIND_USER, parameters[:1]) is not None:
        raise LastAdmin
    return None
