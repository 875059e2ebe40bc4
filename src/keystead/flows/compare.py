"""Compare two databases row by row, in bounded memory."""

import hashlib
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from keystead.domain.audit import AuditRecord
from keystead.domain.session import Session
from keystead.domain.transfer import (
    BATCH,
    Part,
    Transfer,
    canonical_record,
    canonical_session,
    canonical_user,
)
from keystead.domain.user import Credentials

EXAMPLES = 10
"""Ids of rows that differ which are named; the others are counted."""

Row = TypeVar("Row", Credentials, Session, AuditRecord)

Told = Callable[[str, int, int], None]
"""Hears of progress: what is being done, how much of it is, and how much there is in all."""


@dataclass(frozen=True, slots=True)
class Table(Generic[Row]):
    """One part of what is moved: how it is read, written and written out."""

    part: Part
    read: Callable[[Transfer, str, int], Awaitable[list[Row]]]
    write: Callable[[Transfer, list[Row], list[str]], Awaitable[None]]
    id_of: Callable[[Row], str]
    canonical: Callable[[Row], bytes]


USERS: Table[Credentials] = Table(
    part=Part.USERS,
    read=lambda store, after, limit: store.export_users(after, limit),
    write=lambda store, rows, gone: store.import_users(rows, gone),
    id_of=lambda credentials: credentials.user.id,
    canonical=canonical_user,
)


AUDIT: Table[AuditRecord] = Table(
    part=Part.AUDIT,
    read=lambda store, after, limit: store.export_audit(after, limit),
    write=lambda store, rows, gone: store.import_audit(rows, gone),
    id_of=lambda record: record.id,
    canonical=canonical_record,
)


def live_sessions(now: datetime) -> Table[Session]:
    """Of the others nothing can be done any more, and a database may remove them at any moment."""
    return Table(
        part=Part.SESSIONS,
        read=lambda store, after, limit: store.export_sessions(after, limit, now),
        write=lambda store, rows, gone: store.import_sessions(rows, gone),
        id_of=lambda session: session.id,
        canonical=canonical_session,
    )


@dataclass
class Side:
    """One database's part: how many rows, and the SHA-256 over all of them in the order of ids."""

    count: int = 0
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256, repr=False)

    def add(self, line: bytes) -> None:
        """Take one more row in."""
        self.count += 1
        self._hash.update(line)

    @property
    def checksum(self) -> str:
        """Of the rows so far, in hex."""
        return self._hash.hexdigest()


@dataclass
class Comparison:
    """
    What a part is on both sides.

    Args:
        missing, changed, surplus: up to `EXAMPLES` ids of rows that the target lacks, has otherwise,
            or has alone.

    """

    source: Side = field(default_factory=Side)
    target: Side = field(default_factory=Side)
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)

    @property
    def is_same(self) -> bool:
        """Whether both sides have the same rows."""
        return self.source.checksum == self.target.checksum


async def compare(
    table: Table[Row], source: Transfer, target: Transfer, tell: Callable[[int], None]
) -> Comparison:
    """Read one part of both databases from beginning to end; *tell* hears how far it came."""
    found = Comparison()
    async with aclosing(side_by_side(table, source, target)) as batches:
        async for batch in batches:
            for wanted, there in batch:
                _take(found, table, wanted, there)
            tell(found.source.count)
    return found


def _take(found: Comparison, table: Table[Row], wanted: Row | None, there: Row | None) -> None:
    lines = [None if row is None else table.canonical(row) for row in (wanted, there)]
    for side, line in zip((found.source, found.target), lines, strict=True):
        if line is not None:
            side.add(line)
    row = wanted or there
    if row is None or lines[0] == lines[1]:
        return
    kind = found.surplus if wanted is None else found.missing if there is None else found.changed
    if len(kind) < EXAMPLES:
        kind.append(table.id_of(row))


async def checksum(store: Transfer, as_of: datetime) -> str:
    """Return the checksum of users, of the sessions that are live at *as_of*, and of the audit log."""
    users = await _checksum_of(USERS, store)
    sessions = await _checksum_of(live_sessions(as_of), store)
    return joined(users, sessions, await _checksum_of(AUDIT, store))


def joined(*parts: str) -> str:
    """Make one checksum of those of all parts."""
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


async def _checksum_of(table: Table[Row], store: Transfer) -> str:
    side, rows = Side(), _Rows(table, store, "")
    while (row := await rows.first()) is not None:
        side.add(table.canonical(row))
        rows.advance()
    return side.checksum


async def side_by_side(
    table: Table[Row], source: Transfer, target: Transfer, after: str = ""
) -> AsyncGenerator[list[tuple[Row | None, Row | None]]]:
    """Yield what both have in the order of ids, up to `BATCH` at a time; None where one has none."""
    left, right = _Rows(table, source, after), _Rows(table, target, after)
    batch: list[tuple[Row | None, Row | None]] = []
    while True:
        wanted, there = await left.first(), await right.first()
        ids = [table.id_of(row) for row in (wanted, there) if row is not None]
        if not ids:
            break
        if wanted is not None and table.id_of(wanted) == min(ids):
            left.advance()
        else:
            wanted = None
        if there is not None and table.id_of(there) == min(ids):
            right.advance()
        else:
            there = None
        batch.append((wanted, there))
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


class _Rows(Generic[Row]):
    """The rows of one database, read page by page."""

    def __init__(self, table: Table[Row], store: Transfer, after: str) -> None:
        self._table: Table[Row] = table
        self._store = store
        self._after = after
        self._page: deque[Row] = deque()
        self._is_over = False

    async def first(self) -> Row | None:
        """Return the next row without going past it, or None behind the last."""
        if not self._page and not self._is_over:
            self._page.extend(await self._table.read(self._store, self._after, BATCH))
            self._is_over = len(self._page) < BATCH
            if self._page:
                self._after = self._table.id_of(self._page[-1])
        return self._page[0] if self._page else None

    def advance(self) -> None:
        """Go on to the row behind the first."""
        self._page.popleft()
