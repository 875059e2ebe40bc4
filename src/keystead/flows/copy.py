"""
Copy everything from one database to another, whatever either of them is.

The same walk does it the first time, goes on after it was killed, and carries what changed since:
both sides are read in the order of ids, and the target is made like the source, batch by batch.
"""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from keystead.domain.transfer import CopyState, Counts, Part, Transfer
from keystead.flows.compare import (
    AUDIT,
    USERS,
    Comparison,
    Row,
    Table,
    Told,
    checksum,
    compare,
    joined,
    live_sessions,
    side_by_side,
)


class Refusal(Enum):
    """Why nothing was copied, and nothing changed."""

    SOURCE_UNUSED = auto()
    SOURCE_UNFINISHED = auto()
    TARGET_IN_USE = auto()
    TARGET_OF_OTHER_SECRETS = auto()
    TARGET_OF_ANOTHER_COPY = auto()
    TARGET_CHANGED = auto()


@dataclass(frozen=True, slots=True)
class Changes:
    """What a walk through one part did to the target, or would do."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    same: int = 0


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a copy would do; sessions that are *over* stay behind."""

    users: Changes
    sessions: Changes
    audit: Changes
    over: int


@dataclass(frozen=True, slots=True)
class Copied:
    """What the copy did, and what both sides are now; it is whole if they are the same."""

    users: Changes
    sessions: Changes
    audit: Changes
    over: int
    compared: dict[Part, Comparison]

    @property
    def is_whole(self) -> bool:
        """Whether the target may be served."""
        return all(found.is_same for found in self.compared.values())


async def rehearse(
    source: Transfer, target: Transfer | None, now: datetime, tell: Told
) -> Rehearsed | Refusal:
    """
    Say what a copy would do, and change nothing.

    Args: target: None if there is nothing yet.
    """
    counts = await source.count(now)
    if target is None:
        refusal = await _refuse_source(source)
        users, sessions, audit = map(Changes, (counts.users, counts.sessions, counts.audit))
        return refusal or Rehearsed(users, sessions, audit, counts.over)
    state = await _begin(source, target, now)
    if isinstance(state, Refusal):
        return state
    walk = _Walk(source, target, counts, tell, is_rehearsal=True)
    users = await walk.mirror(USERS, state)
    sessions = await walk.mirror(live_sessions(now), state)
    return Rehearsed(users, sessions, await walk.mirror(AUDIT, state), counts.over)


async def copy(source: Transfer, target: Transfer, now: datetime, tell: Told) -> Copied | Refusal:
    """
    Make *target* what *source* is: users with hashes, live sessions with salts, the log with its chain.

    May be killed at any point and run again. Until both sides were compared and found the same, the
    target is marked as unfinished, which nobody serves; tying it to the secrets comes last.
    """
    state = await _begin(source, target, now)
    if isinstance(state, Refusal):
        return state
    await target.keep_copy(state)
    counts, live = await source.count(now), live_sessions(now)
    walk = _Walk(source, target, counts, tell)
    users = await walk.mirror(USERS, state)
    sessions = await walk.mirror(live, state)
    audit = await walk.mirror(AUDIT, state)
    await target.keep_audit_head(await source.find_audit_head())
    compared = {
        Part.USERS: await walk.compare(USERS),
        Part.SESSIONS: await walk.compare(live),
        Part.AUDIT: await walk.compare(AUDIT),
    }
    copied = Copied(users, sessions, audit, counts.over, compared)
    if not copied.is_whole:
        # What changed behind the cursor is carried by the next run, which begins anew.
        await target.keep_copy(CopyState(state.source))
        return copied
    sums = [found.target.checksum for found in compared.values()]
    await target.bind_secrets(state.source)
    await target.keep_copy(replace(state, checksum=joined(*sums), as_of=now))
    return copied


async def refuse(source: Transfer, target: Transfer | None, now: datetime) -> Refusal | None:
    """
    Say why *source* will not be copied to *target*, if it will not; only reads.

    Args: target: None if there is nothing yet.
    """
    if target is None:
        return await _refuse_source(source)
    state = await _begin(source, target, now)
    return state if isinstance(state, Refusal) else None


async def _begin(source: Transfer, target: Transfer, now: datetime) -> CopyState | Refusal:
    """Return where to begin, or why not at all."""
    if refusal := await _refuse_source(source):
        return refusal
    fingerprint = str(await source.find_fingerprint())
    if await target.find_fingerprint() not in {None, fingerprint}:
        return Refusal.TARGET_OF_OTHER_SECRETS
    state = await target.find_copy()
    if state is None:
        # A server was started with it, which may be serving it, and would serve a half.
        if await target.find_fingerprint() is not None:
            return Refusal.TARGET_IN_USE
        is_empty = await target.count(now) == Counts(users=0, sessions=0, over=0, audit=0)
        return CopyState(fingerprint) if is_empty else Refusal.TARGET_IN_USE
    return await _begin_again(target, state, fingerprint)


async def _begin_again(target: Transfer, state: CopyState, fingerprint: str) -> CopyState | Refusal:
    if state.source != fingerprint:
        return Refusal.TARGET_OF_ANOTHER_COPY
    if state.as_of is None:
        return state
    # Whoever has used a finished copy would lose what they did in it.
    is_unused = await checksum(target, state.as_of) == state.checksum
    return CopyState(fingerprint) if is_unused else Refusal.TARGET_CHANGED


async def _refuse_source(source: Transfer) -> Refusal | None:
    state = await source.find_copy()
    if state is not None and not state.is_finished:
        return Refusal.SOURCE_UNFINISHED
    return Refusal.SOURCE_UNUSED if await source.find_fingerprint() is None else None


@dataclass(frozen=True, slots=True)
class _Walk:
    """One run through both databases."""

    source: Transfer
    target: Transfer
    counts: Counts
    tell: Told
    is_rehearsal: bool = False

    async def mirror(self, table: Table[Row], state: CopyState) -> Changes:
        """Make one part of the target like the source's, from where *state* says."""
        parts = list(Part)
        if parts.index(table.part) < parts.index(state.part):
            return Changes()  # Done before it was killed; what changed since is found by comparing.
        after = state.after if state.part is table.part else ""
        total, told = Changes(), self._telling(f"{table.part} copied", table.part)
        told(0)
        async with aclosing(side_by_side(table, self.source, self.target, after)) as batches:
            async for batch in batches:
                total = _sum(total, await self._carry(table, state.source, batch))
                told(total.added + total.changed + total.same)
        return total

    async def _carry(
        self, table: Table[Row], fingerprint: str, batch: list[tuple[Row | None, Row | None]]
    ) -> Changes:
        wanted = [row for row, there in batch if row is not None and row != there]
        gone = [table.id_of(there) for row, there in batch if row is None and there is not None]
        new = sum(there is None for _, there in batch)
        if not self.is_rehearsal:
            if wanted or gone:
                await table.write(self.target, wanted, gone)
            await self._remember(table, fingerprint, batch)
        return Changes(new, len(wanted) - new, len(gone), len(batch) - len(wanted) - len(gone))

    async def _remember(
        self, table: Table[Row], fingerprint: str, batch: list[tuple[Row | None, Row | None]]
    ) -> None:
        last = next((row or there for row, there in reversed(batch)), None)
        if last is not None:
            await self.target.keep_copy(CopyState(fingerprint, table.part, table.id_of(last)))

    async def compare(self, table: Table[Row]) -> Comparison:
        """Read one part of both sides again, from the beginning."""
        told = self._telling(f"{table.part} compared", table.part)
        told(0)
        return await compare(table, self.source, self.target, told)

    def _telling(self, what: str, part: Part) -> Callable[[int], None]:
        total: int = getattr(self.counts, part)
        return lambda done: self.tell(what, done, total)


def _sum(one: Changes, other: Changes) -> Changes:
    return Changes(
        one.added + other.added,
        one.changed + other.changed,
        one.removed + other.removed,
        one.same + other.same,
    )
