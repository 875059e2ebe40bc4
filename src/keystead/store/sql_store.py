"""
The verbs that are one statement, the same in every SQL database.

An adapter says how a statement is run, and adds the verbs that need more than one.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from keystead.domain.audit import AuditRecord
from keystead.domain.session import Session, SessionId, SignedIn
from keystead.domain.throttle import Limit, Tally, Wanted, in_order
from keystead.domain.user import Credentials, EmailAddress, PasswordHash, User, UserId, UserQuery
from keystead.store import rows, sql, sql_attempts
from keystead.store.rows import Row

Parameters = Sequence[str | int | bytes | Sequence[str] | None]


class SqlStore(ABC):
    """Most of `domain.store.Store`; each verb is described there."""

    @abstractmethod
    async def _read(self, query: str, parameters: Parameters = ()) -> Sequence[Row]:
        """
        Run a statement that changes nothing. Returns: its rows.

        Raises: StoreDown.
        """

    @abstractmethod
    async def _write(
        self, query: str, parameters: Parameters = (), record: AuditRecord | None = None
    ) -> Sequence[Row]:
        """
        Run a statement that changes something and, if it did, keep *record*; and commit.

        Returns: what it says after RETURNING.
        Raises:  StoreDown.
        """

    async def _take_away(
        self, query: str, parameters: Parameters, record: AuditRecord | None
    ) -> Sequence[Row]:
        """As `_write`, for what ends sessions: it comes through as long as anything does."""
        return await self._write(query, parameters, record)

    async def _find(self, query: str, parameters: Parameters) -> Sequence[Row]:
        return await self._read(query, parameters) if rows.can_be_kept(*parameters) else ()

    async def _change(
        self, query: str, parameters: Parameters, record: AuditRecord | None = None
    ) -> Sequence[Row]:
        return await self._write(query, parameters, record) if rows.can_be_kept(*parameters) else ()

    async def _end(
        self, query: str, parameters: Parameters, record: AuditRecord | None
    ) -> Sequence[Row]:
        if not rows.can_be_kept(*parameters):
            return ()
        return await self._take_away(query, parameters, record)

    async def check(self) -> None:
        """Read something."""
        await self._read(sql.CHECK)

    # Users

    async def add_user(
        self, user: User, password: PasswordHash, *, record: AuditRecord | None
    ) -> bool:
        """See `Store.add_user`: the unique index decides."""
        return bool(await self._write(sql.ADD_USER, rows.from_user(user, password), record))

    async def find_user(self, user_id: UserId) -> User | None:
        """See `Store.find_user`."""
        found = await self._find(sql.FIND_USER, (user_id,))
        return rows.user_from(found[0]) if found else None

    async def find_credentials(self, email: EmailAddress) -> Credentials | None:
        """See `Store.find_credentials`."""
        found = await self._find(sql.FIND_CREDENTIALS, (email,))
        return rows.credentials_from(found[0]) if found else None

    async def list_users(self, query: UserQuery) -> list[User]:
        """See `Store.list_users`."""
        return [rows.user_from(row) for row in await self._find(*sql.list_users(query))]

    async def has_admin(self) -> bool:
        """See `Store.has_admin`."""
        return bool(await self._read(sql.HAS_ADMIN))

    async def replace_password_hash(
        self, user_id: UserId, old: PasswordHash, new: PasswordHash
    ) -> bool:
        """See `Store.replace_password_hash`."""
        parameters = (user_id, old.text, new.text, new.pepper_id)
        return bool(await self._change(sql.REPLACE_PASSWORD_HASH, parameters))

    async def count_hashes(self, pepper_id: int) -> int:
        """See `Store.count_hashes`."""
        return int((await self._read(sql.COUNT_HASHES, (pepper_id,)))[0][0])

    # Sessions

    async def find_session(self, session_id: SessionId) -> SignedIn | None:
        """See `Store.find_session`."""
        found = await self._find(sql.FIND_SESSION, (session_id,))
        return rows.signed_in_from(found[0]) if found else None

    async def list_sessions(self, user_id: UserId, now: datetime) -> list[Session]:
        """See `Store.list_sessions`."""
        found = await self._find(sql.LIST_SESSIONS, (user_id, rows.to_millis(now)))
        return [rows.session_from(row) for row in found]

    async def touch_session(
        self, session_id: SessionId, now: datetime, expires_at: datetime
    ) -> None:
        """See `Store.touch_session`."""
        parameters = (session_id, rows.to_millis(now), rows.to_millis(expires_at))
        await self._change(sql.TOUCH_SESSION, parameters)

    async def renew_authentication(
        self, session_id: SessionId, now: datetime, *, record: AuditRecord | None
    ) -> bool:
        """See `Store.renew_authentication`."""
        parameters = (session_id, rows.to_millis(now))
        return bool(await self._change(sql.RENEW_AUTHENTICATION, parameters, record))

    async def close_session(
        self,
        session_id: SessionId,
        owner: UserId | None = None,
        *,
        record: AuditRecord | None,
    ) -> bool:
        """See `Store.close_session`."""
        if owner is None:
            return bool(await self._end(sql.CLOSE_SESSION, (session_id,), record))
        return bool(await self._end(sql.CLOSE_OWN_SESSION, (session_id, owner), record))

    async def close_sessions(
        self,
        user_id: UserId,
        keep: SessionId | None = None,
        *,
        record: AuditRecord | None,
    ) -> int:
        """See `Store.close_sessions`."""
        return len(await self._end(sql.CLOSE_SESSIONS, (user_id, keep or ""), record))

    # Attempts

    async def count_attempt(self, key: str, limit: Limit, now: datetime) -> Tally:
        """See `Store.count_attempt`: the WHERE decides, in the statement that counts."""
        counted = await self._write(sql_attempts.COUNT_ATTEMPT, rows.from_attempt(key, limit, now))
        if counted:
            return rows.tally_from(counted[0], limit, now, is_counted=True)
        found = await self._read(sql_attempts.FIND_ATTEMPTS, (key,))
        if not found:  # Forgotten in this very moment: then there is nothing to wait for.
            return await self.count_attempt(key, limit, now)
        return rows.tally_from(found[0], limit, now, is_counted=False)

    async def count_attempts(self, wanted: Wanted, now: datetime) -> list[Tally]:
        """See `Store.count_attempts`."""
        return await in_order(lambda key, limit: self.count_attempt(key, limit, now), wanted)

    async def take_attempt_back(self, key: str, now: datetime) -> None:
        """See `Store.take_attempt_back`."""
        await self._write(sql_attempts.TAKE_ATTEMPT_BACK, (key, rows.to_millis(now)))

    async def forget_attempts(self, key: str) -> None:
        """See `Store.forget_attempts`."""
        await self._write(sql_attempts.FORGET_ATTEMPTS, (key,))

    async def purge_attempts(self, now: datetime, limit: int) -> int:
        """See `Store.purge_attempts`."""
        return len(await self._write(sql_attempts.PURGE_ATTEMPTS, (rows.to_millis(now), limit)))

    # Upkeep

    async def count_sessions(self, now: datetime) -> int:
        """See `Store.count_sessions`."""
        return int((await self._read(sql.COUNT_SESSIONS, (rows.to_millis(now),)))[0][0])

    async def purge_expired(self, now: datetime, limit: int) -> int:
        """See `Store.purge_expired`."""
        return len(await self._write(sql.PURGE_EXPIRED, (rows.to_millis(now), limit)))

    async def take_lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """See `Store.take_lease`."""
        parameters = (name, holder, rows.to_millis(now), rows.to_millis(until))
        return bool(await self._write(sql.TAKE_LEASE, parameters))

    async def bind_secrets(self, fingerprint: str) -> str:
        """See `Store.bind_secrets`: once tied, it stays so, and a full disk is no reason not to start."""
        found = await self.find_fingerprint()
        if found is None:
            await self._write(sql.BIND_SECRETS, (fingerprint,))
            found = await self.find_fingerprint()
        return found or fingerprint

    async def find_fingerprint(self) -> str | None:
        """See `Store.find_fingerprint`."""
        found = await self._read(sql.FIND_SECRETS)
        return str(found[0][0]) if found else None
