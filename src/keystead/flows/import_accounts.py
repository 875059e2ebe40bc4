"""
Take over the accounts of another system.

Its users sign in with the passwords they have: a hash made there is verified, and replaced at that
sign-in. Repeating it is harmless, and no account that is here already is changed.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime

from keystead.domain.errors import InputInvalid
from keystead.domain.events import Event, EventName
from keystead.domain.foreign import ForeignSystem, ForeignUser, Unusable
from keystead.domain.user import Credentials, EmailAddress, Role, User, UserId
from keystead.flows.compare import Told
from keystead.flows.tools import Tools

BATCH = 25
"""Accounts written at the same time: they share commits, and a server's pool of connections."""


@dataclass(frozen=True, slots=True)
class Imported:
    """An account that is here now; *is_new* if it was not before. Its id there is *old_id*."""

    old_id: str
    id: UserId
    email: EmailAddress
    is_new: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An account of theirs that none was made of, by what somebody finds it, and why."""

    where: str
    reason: str


@dataclass
class Import:
    """
    What became of every user.

    Args:
        signed_out: how much else there is, such as sessions and refresh tokens; none can be carried,
            since the tokens of that system are other than ours.
        has_admin: whether anybody can administer the service afterwards.

    """

    signed_out: dict[str, int]
    imported: list[Imported] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    has_admin: bool = False


async def import_accounts(
    tools: Tools, system: ForeignSystem, now: datetime, tell: Told, *, is_rehearsal: bool = False
) -> Import:
    """
    Make an account of every one there that it can be made of, with its hash, role, status and times.

    Raises: StoreDown: one of the two databases; what was imported until then stays.
    """
    counts = await system.count()
    total = counts.pop("users")
    walk = _Walk(tools, Import(counts), now, is_rehearsal=is_rehearsal)
    batch: list[ForeignUser] = []
    tell("users read", 0, total)
    async with aclosing(system.users()) as users:
        async for found in users:
            batch.append(found)
            if len(batch) == BATCH:
                await walk.take(batch)
                tell("users read", walk.count, total)
                batch = []
    await walk.take(batch)
    tell("users read", walk.count, total)
    return await walk.finish()


class _Walk:
    """One run through the accounts."""

    def __init__(self, tools: Tools, result: Import, now: datetime, *, is_rehearsal: bool) -> None:
        self._tools = tools
        self._result = result
        self._now = now
        self._is_rehearsal = is_rehearsal
        self._first_with: dict[EmailAddress | UserId, str] = {}
        self._has_admin = False

    @property
    def count(self) -> int:
        """How many were looked at."""
        return len(self._result.imported) + len(self._result.left_out)

    async def take(self, batch: list[ForeignUser]) -> None:
        """Import some, all at the same time: which of them has an address was decided before."""
        judged = [self._judge(each) for each in batch]
        outcomes = await asyncio.gather(
            *(self._keep(*each) for each in zip(batch, judged, strict=True))
        )
        for outcome in outcomes:
            if isinstance(outcome, LeftOut):
                self._result.left_out.append(outcome)
            else:
                self._result.imported.append(outcome)

    async def finish(self) -> Import:
        """Say how it ended, in the log too."""
        self._result.has_admin = self._has_admin or await self._tools.store.has_admin()
        count = sum(each.is_new for each in self._result.imported)
        if count and not self._is_rehearsal:
            self._tools.record(Event(EventName.USERS_IMPORTED, detail=str(count)))
        return self._result

    def _judge(self, theirs: ForeignUser) -> Credentials | LeftOut:
        try:
            found = _credentials(self._tools, theirs, self._now)
        except Unusable as reason:
            return LeftOut(theirs.where, str(reason))
        # Whoever comes first has the address, and the id.
        for what, value in (("e-mail address", found.user.email), ("id", found.user.id)):
            first = self._first_with.setdefault(value, theirs.where)
            if first != theirs.where:
                return LeftOut(theirs.where, f"its {what} is the same as that of {first}")
        return found

    async def _keep(self, theirs: ForeignUser, found: Credentials | LeftOut) -> Imported | LeftOut:
        if isinstance(found, LeftOut):
            return found
        user, store = found.user, self._tools.store
        here = await store.find_user(user.id)
        is_new = here is None
        if is_new and not await self._add(found):
            return LeftOut(theirs.where, "another account here has its e-mail address")
        self._has_admin = self._has_admin or (is_new and user.role is Role.ADMIN)
        # Who is here already is named as they are here: it may be another address than there.
        return Imported(theirs.id, user.id, here.email if here else user.email, is_new)

    async def _add(self, found: Credentials) -> bool:
        if self._is_rehearsal:
            return await self._tools.store.find_credentials(found.user.email) is None
        # One record for each account, in the commit that makes it; one line of the log for them all.
        detail = f"{found.user.role.value}, imported"
        event = Event(EventName.USER_CREATED, subject=found.user.id, detail=detail)
        record = self._tools.audit_record(event, self._now)
        return await self._tools.store.add_user(found.user, found.password, record=record)


def _credentials(tools: Tools, theirs: ForeignUser, now: datetime) -> Credentials:
    draft = theirs.draft(now)
    user = User(
        id=draft.id,
        email=_email(tools, draft.email),
        role=draft.role,
        status=draft.status,
        created_at=draft.created_at,
        updated_at=draft.updated_at,
    )
    return Credentials(user, draft.password)


def _email(tools: Tools, found: object) -> EmailAddress:
    if found is None or found == "":
        raise Unusable("it has no e-mail address")
    if not isinstance(found, str):
        raise Unusable("its e-mail address is no text")
    try:
        found.encode()
        return tools.canonical_email(found)
    except UnicodeError:
        raise Unusable("its e-mail address is no text") from None
    except InputInvalid as refusal:
        raise Unusable("; ".join(error.message for error in refusal.errors)) from None
