"""
Where users, sessions and the audit log are kept, as the flows see it: one protocol for each adapter.

Every verb is atomic, and committed when it returns: there is no transaction around a request that
could roll a revocation back. Guards that must hold under concurrency (unique e-mail, last admin,
single use of a refresh token) are the store's. Times are aware UTC, kept to the millisecond.

A verb that takes a *record* of the audit log keeps it in the very commit that makes the change, and
keeps none where it changed nothing. If the database says that it kept none, nothing changes: `StoreDown`.
Nobody can forget it: without one is `record=None`, and no flow says that. The other verbs change what
is not recorded (docs/decisions/0012-the-audit-log.md).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from keystead.domain.audit import AuditHead, AuditQuery, AuditRecord, Seal
from keystead.domain.load import Load
from keystead.domain.overview import Counts, Whereabouts
from keystead.domain.session import Session, SessionId, SignedIn
from keystead.domain.throttle import Limit, Tally, Wanted
from keystead.domain.tokens import RotationOutcome
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


class Store(Protocol):
    """
    Where users and sessions are kept.

    Every verb raises `StoreDown` when the database refuses to write or does not answer: within 5 s, but
    for `migrate`, which may take as long as the data need.
    """

    async def migrate(self) -> None:
        """
        Bring the database to the newest schema; done when it returns, however many call it at once.

        Needs no `open` before it, and leaves nothing open.

        Raises: SchemaUnknown: a newer version made it, and this one cannot work with it.
        """

    async def open(self) -> None:
        """
        Connect. An embedded database is migrated first; one on a server never is.

        Raises: SchemaUnknown: `migrate` has to run first, or this version is too old.
        """

    async def close(self) -> None:
        """Finish what is under way and disconnect; also after an `open` that failed."""

    async def check(self) -> None:
        """Return if a read is answered; this is what readiness means."""

    def load(self) -> Load:
        """Return how busy this process keeps the database, without asking it."""

    async def add_user(
        self, user: User, password: PasswordHash, *, record: AuditRecord | None
    ) -> bool:
        """
        Keep a new account.

        Of any number of callers with the same address exactly one gets True.

        Returns: False if the e-mail address is taken; then nothing changed.
        """

    async def find_user(self, user_id: UserId) -> User | None:
        """Return the user, or None for any id that is not one."""

    async def find_credentials(self, email: EmailAddress) -> Credentials | None:
        """Return who signs in with *email*, and the hash to check against."""

    async def list_users(self, query: UserQuery) -> list[User]:
        """Return up to `query.limit` users in the order of their e-mail addresses."""

    async def has_admin(self) -> bool:
        """Say whether any account, active or not, is an admin."""

    async def replace_password_hash(
        self, user_id: UserId, old: PasswordHash, new: PasswordHash
    ) -> bool:
        """Put *new* in the place of *old*. Returns: False if the hash is no longer *old*."""

    async def count_hashes(self, pepper_id: int) -> int:
        """Count the accounts whose password was hashed with this pepper; reads all of them."""

    async def change_role(
        self, user_id: UserId, role: Role, now: datetime, *, record: AuditRecord | None
    ) -> User | None:
        """
        Give the user another role.

        Returns: the user as changed, or None if there is none.
        Raises:  LastAdmin: no other active admin would be left; nothing changed. Holds for any
                 number of parallel callers.
        """

    async def change_status(
        self, user_id: UserId, status: Status, now: datetime, *, record: AuditRecord | None
    ) -> User | None:
        """
        Enable or disable the user; disabling ends all their sessions in the same step.

        Returns: the user as changed, or None if there is none.
        Raises:  LastAdmin: as for `change_role`.
        """

    async def delete_user(self, user_id: UserId, *, record: AuditRecord | None) -> User | None:
        """
        Remove the user and everything that belongs to them; what is recorded of them stays.

        Returns: the user as they were, or None if there is none.
        Raises:  LastAdmin: as for `change_role`.
        """

    async def open_session(self, session: Session, cap: int, *, record: AuditRecord | None) -> bool:
        """
        Keep a new session, and end the user's oldest ones beyond *cap*.

        Returns: False if the user is no longer there or not active; then nothing changed.
        """

    async def find_session(self, session_id: SessionId) -> SignedIn | None:
        """Return the session with its user in one keyed read, live or not."""

    async def list_sessions(self, user_id: UserId, now: datetime) -> list[Session]:
        """Return the user's live sessions, newest first."""

    async def touch_session(
        self, session_id: SessionId, now: datetime, expires_at: datetime
    ) -> None:
        """Record use at *now*. An older time than the stored one changes nothing."""

    async def renew_authentication(
        self, session_id: SessionId, now: datetime, *, record: AuditRecord | None
    ) -> bool:
        """
        Record that the session's owner proved the password at *now*, whatever was recorded before.

        Neither the expiry nor the refresh token moves.

        Returns: False if there is no such session, or it is over at *now*; then nothing changed.
        """

    async def rotate_refresh_token(
        self, session_id: SessionId, generation: int, now: datetime, expires_at: datetime
    ) -> RotationOutcome:
        """
        Swap refresh token number *generation* for its successor, if it is still the newest.

        Of any number of callers presenting the same generation, exactly one gets `Rotated`.

        Returns: Rotated | Superseded (one behind) | Reused (two or more behind) | Unknown.
        Source:  RFC 9700 section 4.14.2.
        """

    async def close_session(
        self,
        session_id: SessionId,
        owner: UserId | None = None,
        *,
        record: AuditRecord | None,
    ) -> bool:
        """
        End one session, of *owner* only if given.

        Returns: whether there was one to end.
        """

    async def close_sessions(
        self,
        user_id: UserId,
        keep: SessionId | None = None,
        *,
        record: AuditRecord | None,
    ) -> int:
        """End all sessions of a user but *keep*. Returns: how many."""

    async def count_sessions(self, now: datetime) -> int:
        """Count the sessions that are live at *now*; reads a part of an index."""

    async def purge_expired(self, now: datetime, limit: int) -> int:
        """Remove up to *limit* sessions that are over at *now*. Returns: how many."""

    async def count_attempt(self, key: str, limit: Limit, now: datetime) -> Tally:
        """
        Count an attempt under *key*, unless *limit* says that it has to wait.

        Of any number of callers at once no more are let in than *limit* allows; one that is refused
        changes nothing. *key* is short and says nothing of what it stands for.
        """

    async def count_attempts(self, wanted: Wanted, now: datetime) -> list[Tally]:
        """
        Count an attempt under each key in turn, up to the first that has to wait.

        Each is counted as by `count_attempt`; where one database is one file, all in one commit.

        Returns: what was found, in that order: only the last can have been refused.
        """

    async def take_attempt_back(self, key: str, now: datetime) -> None:
        """Count one attempt less under *key*, and let the next one in at *now*."""

    async def forget_attempts(self, key: str) -> None:
        """Begin at nought again under *key*."""

    async def purge_attempts(self, now: datetime, limit: int) -> int:
        """Remove up to *limit* counters that are forgotten at *now*. Returns: how many."""

    async def take_lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """
        Become, or stay, the one holder of *name* until *until*.

        One that runs longer than twice what is asked for is none: nobody takes such, and whoever can
        write to the database could keep everybody out with it.

        Returns: False while somebody else holds it.
        """

    async def bind_secrets(self, fingerprint: str) -> str:
        """
        Tie this database to the secrets with *fingerprint*, unless it is tied already.

        Returns: the fingerprint it is tied to.
        """

    async def find_fingerprint(self) -> str | None:
        """Return the fingerprint of the secrets this database is tied to, if any."""

    async def add_audit_record(self, record: AuditRecord) -> None:
        """Keep a record of what changed nothing else."""

    async def list_audit(self, query: AuditQuery) -> list[AuditRecord]:
        """Return up to `query.limit` records, newest first."""

    async def export_audit(self, after: str, limit: int) -> list[AuditRecord]:
        """Return up to *limit* records with ids beyond *after*, in the order of their ids."""

    async def list_sealed(self, after: int | None, limit: int) -> list[AuditRecord]:
        """
        Return up to *limit* records with numbers beyond *after*, in their order.

        With None from the lowest on, also of what this program never gives: 0, and below.
        """

    async def list_unsealed(self, after: str, limit: int) -> list[AuditRecord]:
        """Return up to *limit* records without a number, with ids beyond *after*, in their order."""

    async def find_audit_head(self) -> AuditHead | None:
        """Return where the log ends, or None before anything is sealed."""

    async def seal_audit(
        self, seals: Sequence[Seal], old: AuditHead | None, new: AuditHead
    ) -> bool:
        """
        Give records their places, and move the head from *old* to *new*: all or nothing.

        Of any number of callers that have read the same head, exactly one gets True. A place is given
        once; a record that is gone meanwhile leaves its place empty, which shows.

        Returns: False if the head is no longer *old*, or a place is taken; then nothing changed.
        """

    async def trim_audit(self, before: datetime, limit: int) -> int:
        """
        Erase address, user agent and salt of up to *limit* records older than *before*, oldest first.

        Returns: how many.
        """

    async def count_all(self, now: datetime, limit: int) -> Counts:
        """Count accounts, and sessions that are live at *now*: of each kind no more than *limit*."""

    async def count_audit(self, name: str, first: str, end: str, limit: int) -> int:
        """Count records called *name* from the id *first* on and before *end*: no more than *limit*."""

    async def sample_whereabouts(self, now: datetime, limit: int) -> list[Whereabouts]:
        """Return where up to *limit* sessions, live at *now*, were opened: those that expire last."""
