"""Read the audit log, and look whether it is as it was written."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import datetime

from keystead.domain.audit import (
    AuditHead,
    AuditQuery,
    AuditRecord,
    Damage,
    first_id_at,
)
from keystead.domain.user import UserQuery
from keystead.flows.tools import Tools

BATCH = 200
"""Records read in one go."""


@dataclass(frozen=True, slots=True)
class Broken:
    """
    The first thing that is not as it should be.

    Args:
        seq: the place; None of what has none.
        record: the id of the record; None where there is none.

    """

    damage: Damage
    seq: int | None = None
    record: str | None = None


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place and its chain value, as an operator wrote them down outside the database."""

    seq: int
    chain: bytes


@dataclass
class Verdict:
    """
    What was found: how many records, of those how many trimmed, and the first damage, if any.

    Args:
        overdue: how many of *unsealed* should have had their places by now.

    """

    head: AuditHead | None
    sealed: int = 0
    unsealed: int = 0
    overdue: int = 0
    trimmed: int = 0
    broken: Broken | None = None


async def list_audit(tools: Tools, query: AuditQuery) -> tuple[list[AuditRecord], bool]:
    """Return one page of records, newest first, and whether there are more after it."""
    records = await tools.store.list_audit(replace(query, limit=query.limit + 1))
    return records[: query.limit], len(records) > query.limit


async def export_audit(
    tools: Tools, since: datetime | None, until: datetime | None
) -> AsyncGenerator[AuditRecord]:
    """Yield all records from *since* on and before *until*, in the order of time."""
    after = "" if since is None else first_id_at(since)
    end = None if until is None else first_id_at(until)
    while True:
        records = await tools.store.export_audit(after, BATCH)
        for record in records:
            if end is not None and record.id > end:
                return
            yield record
        if len(records) < BATCH:
            return
        after = records[-1].id


async def verify_audit(tools: Tools, now: datetime, anchor: Anchor | None = None) -> Verdict:
    """
    Look at every record, its place and the chain, up to the first damage.

    May run while a server writes: what is sealed meanwhile is looked at as well.
    """
    head = await tools.store.find_audit_head()
    walk = _Walk(tools, now, Verdict(head), anchor)
    if head is not None and not tools.audit.is_genuine_head(head):
        walk.verdict.broken = Broken(Damage.CHANGED, head.seq)
        return walk.verdict
    walk.verdict.broken = await walk.sealed() or await walk.unsealed() or await walk.begun()
    return walk.verdict


@dataclass
class _Walk:
    tools: Tools
    now: datetime
    verdict: Verdict
    anchor: Anchor | None
    _chain: bytes | None = None

    async def sealed(self) -> Broken | None:
        """Follow the chain from its beginning."""
        while True:
            # From below every number: what has one that is never given would be seen by nobody else.
            records = await self.tools.store.list_sealed(self.verdict.sealed or None, BATCH)
            for record in records:
                broken = self._judge(record, self.verdict.sealed + 1)
                if broken is not None:
                    return broken
                self.verdict.sealed += 1
                self.verdict.trimmed += record.is_trimmed
            if len(records) < BATCH:
                return await self._judge_end()

    async def unsealed(self) -> Broken | None:
        """Look at what has no place yet: it may be missed unnoticed, but not changed or made up."""
        after, overdue = "", None
        while True:
            records = await self.tools.store.list_unsealed(after, BATCH)
            for record in records:
                if not self.tools.audit.is_genuine(record):
                    return Broken(Damage.INSERTED, record=record.id)
                self.verdict.unsealed += 1
                if record.is_overdue(self.now):
                    self.verdict.overdue += 1
                    overdue = overdue or Broken(Damage.UNSEALED, record=record.id)
            if len(records) < BATCH:
                return overdue
            after = records[-1].id

    async def begun(self) -> Broken | None:
        """Look whether there is a log at all: no account comes to be without a record."""
        store, verdict = self.tools.store, self.verdict
        if verdict.sealed or verdict.unsealed or verdict.head is not None:
            return None
        if not await store.list_users(UserQuery(1)):
            return None
        # What was written while we looked has a place, or waits for one.
        is_begun = await store.find_audit_head() or await store.list_unsealed("", 1)
        return None if is_begun else Broken(Damage.MISSING)

    def _judge(self, record: AuditRecord, expected: int) -> Broken | None:
        if not isinstance(record.seq, int) or record.seq < expected:
            return Broken(Damage.INSERTED, record=record.id)
        if record.seq != expected:
            return Broken(Damage.MISSING, expected)
        if not self.tools.audit.is_genuine(record):
            return Broken(self._changed_or_inserted(expected), expected, record.id)
        self._chain = self.tools.audit.link(self._chain, expected, record)
        if record.chain != self._chain:
            return Broken(Damage.REORDERED, expected, record.id)
        for kept in (self.verdict.head, self.anchor):
            if kept is not None and kept.seq == expected and kept.chain != self._chain:
                return Broken(Damage.CHANGED, expected, record.id)
        return None

    def _changed_or_inserted(self, seq: int) -> Damage:
        head = self.verdict.head
        return Damage.INSERTED if head is None or seq > head.seq else Damage.CHANGED

    async def _judge_end(self) -> Broken | None:
        last = self.verdict.sealed
        known = [kept.seq for kept in (self.verdict.head, self.anchor) if kept is not None]
        if known and last < max(known):
            return Broken(Damage.TRUNCATED, last + 1)
        if last and not known and await self.tools.store.find_audit_head() is None:
            return Broken(Damage.MISSING)
        return None
