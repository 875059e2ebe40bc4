"""
What takes more than one statement: the steps inside a transaction of the thread that writes.

Nobody writes in between: the transaction holds the one write lock from its beginning.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from keystead.domain.audit import AuditHead, AuditRecord, Seal
from keystead.domain.errors import LastAdmin
from keystead.domain.session import Session, SessionId, SignedIn
from keystead.domain.throttle import Tally, Wanted
from keystead.domain.tokens import Rotated, RotationOutcome, judge
from keystead.domain.user import User
from keystead.store import audit_queries, rows, sql, sql_attempts
from keystead.store.rows import Row
from keystead.store.sql_store import Parameters
from keystead.store.sqlite_connection import fetch_all, fetch_one, run_each
from keystead.store.sqlite_known import Changes


def change(
    db: sqlite3.Connection, query: str, parameters: Parameters, record: AuditRecord | None
) -> list[Row]:
    """Run a statement and, if it changed something, keep *record*. Returns: what it returned."""
    changed = fetch_all(db, query, parameters)
    if changed:
        _keep(db, record)
    return changed


def count_attempts(db: sqlite3.Connection, wanted: Wanted, now: datetime) -> list[Tally]:
    """See `Store.count_attempts`: in one commit."""
    tallies: list[Tally] = []
    for key, limit in wanted:
        counted = fetch_all(db, sql_attempts.COUNT_ATTEMPT, rows.from_attempt(key, limit, now))
        found = counted or fetch_all(db, sql_attempts.FIND_ATTEMPTS, (key,))
        tallies.append(rows.tally_from(found[0], limit, now, is_counted=bool(counted)))
        if not counted:
            break
    return tallies


def change_user(
    db: sqlite3.Connection, query: str, parameters: Parameters, record: AuditRecord | None
) -> User | None:
    """
    Change the user whose id is the first parameter. Returns: the user, or None if there is none.

    Raises: LastAdmin.
    """
    if not rows.can_be_kept(parameters[0]):
        return None
    changed = change(db, query, parameters, record)
    if changed:
        return rows.user_from(changed[0])
    # Nothing changed: either there is no such user, or the guard in the WHERE held.
    if fetch_one(db, sql.FIND_USER, parameters[:1]) is not None:
        raise LastAdmin
    return None


def change_status(
    db: sqlite3.Connection, parameters: Parameters, record: AuditRecord | None
) -> User | None:
    """Enable or disable a user; whoever is disabled is signed out. As `change_user` otherwise."""
    user = change_user(db, sql.CHANGE_STATUS, parameters, record)
    if user is not None and not user.is_active:
        fetch_all(db, sql.CLOSE_SESSIONS, (user.id, ""))
    return user


def open_session(
    db: sqlite3.Connection, session: Session, cap: int, record: AuditRecord | None
) -> bool:
    """See `Store.open_session`."""
    if not change(db, sql.OPEN_SESSION, rows.from_session(session), record):
        return False
    fetch_all(db, sql.EVICT_SESSIONS, (session.user_id, session.id, cap - 1))
    return True


def rotate(  # noqa: PLR0913, PLR0917 - those of the verb, and what it works with.
    db: sqlite3.Connection,
    changes: Changes | None,
    session_id: SessionId,
    generation: int,
    now: datetime,
    expires_at: datetime,
) -> RotationOutcome:
    """See `Store.rotate_refresh_token`: read only if nothing is known of the session."""
    known = changes.find(session_id) if changes else None
    parameters = (session_id, generation, rows.to_millis(now), rows.to_millis(expires_at))
    is_rotated = fetch_one(db, sql.ROTATE_REFRESH_TOKEN, parameters) is not None
    if is_rotated and changes and known:
        session = rows.rotated(known.session, generation, now, expires_at)
        changes.became(successor := SignedIn(session, known.user))
        return Rotated(successor)
    row = fetch_one(db, sql.FIND_SESSION, (session_id,))
    found = None if row is None else rows.signed_in_from(row)
    if is_rotated and found is not None:
        return Rotated(found)
    return judge(found, generation, now)


def seal(
    db: sqlite3.Connection, seals: Sequence[Seal], old: AuditHead | None, new: AuditHead
) -> bool:
    """See `Store.seal_audit`."""
    heads = (audit_queries.from_head(old), audit_queries.from_head(new))
    if fetch_one(db, audit_queries.MOVE_HEAD, heads) is None:
        return False
    run_each(db, [(audit_queries.SEAL, audit_queries.from_seals(seals))])
    return True


def _keep(db: sqlite3.Connection, record: AuditRecord | None) -> None:
    if record is not None:
        audit_queries.refuse_unkept(
            fetch_all(db, audit_queries.ADD, audit_queries.from_record(record))
        )
