"""
Give the newest records of the audit log their places.

Not when they are written: every sign-in would then wait for the one before it, since each needs the
number and the chain value of the last.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from keystead.domain.audit import AuditDamaged, AuditHead, AuditRecord, Seal
from keystead.flows.tools import Tools

LEASE = "audit"
LEASE_TIME = timedelta(seconds=30)
"""After this long a holder is taken for dead and another process may take over."""

BATCH = 200
"""Records sealed in one step: a few milliseconds of the write lock."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """
    How many records have a place now, and how many have none.

    Args:
        forged: this program did not write them.
        overdue: they still wait, and nobody seals them: not even whoever says that it does.

    """

    count: int = 0
    forged: int = 0
    overdue: int = 0


async def seal_if_mine(tools: Tools, holder: str, now: datetime) -> Sealed:
    """
    Seal what waits for it, if this process (*holder*) is the one whose turn it is.

    Turns only spare work: of two that seal at once, the store lets one through.

    Raises: AuditDamaged.
    """
    if not await tools.store.list_unsealed("", 1):
        return Sealed()  # Nearly always: one look at an index that is empty, and no write.
    is_mine = await tools.store.take_lease(LEASE, holder, now, now + LEASE_TIME)
    sealed = await seal(tools) if is_mine else Sealed()
    waiting = await tools.store.list_unsealed("", BATCH)
    overdue = sum(each.is_overdue(now) and tools.audit.is_genuine(each) for each in waiting)
    return replace(sealed, overdue=overdue)


async def seal(tools: Tools) -> Sealed:
    """
    Seal everything that is genuine, in the order of ids.

    Raises: AuditDamaged: where the log ends is not what was written.
    """
    head = await _find_head(tools)
    count, forged, after = 0, 0, ""
    while True:
        found = await tools.store.list_unsealed(after, BATCH)
        genuine = [record for record in found if tools.audit.is_genuine(record)]
        forged += len(found) - len(genuine)
        if genuine:
            seals = _places(tools, head, genuine)
            new = tools.audit.head(seals[-1].seq, seals[-1].chain)
            if not await tools.store.seal_audit(seals, head, new):
                return Sealed(count, forged)  # Another process does it.
            head = new
            count += len(seals)
        if len(found) < BATCH:
            return Sealed(count, forged)
        after = found[-1].id


def _places(tools: Tools, head: AuditHead | None, records: list[AuditRecord]) -> list[Seal]:
    seq, chain = (head.seq, head.chain) if head else (0, None)
    seals = []
    for record in records:
        seq += 1
        chain = tools.audit.link(chain, seq, record)
        seals.append(Seal(record.id, seq, chain))
    return seals


async def _find_head(tools: Tools) -> AuditHead | None:
    head = await tools.store.find_audit_head()
    if head is not None and not tools.audit.is_genuine_head(head):
        raise AuditDamaged("the head of the audit log was changed")
    if head is None and await tools.store.list_sealed(None, 1):
        raise AuditDamaged("the head of the audit log is missing")
    return head
