"""
Take over the accounts of the reference system.

Its users sign in with the passwords they have: a hash made by bcrypt is verified, and replaced at
that sign-in. Repeating it is harmless, and no account that is here already is changed.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime

from keystead.domain import reference
from keystead.domain.errors import InputInvalid
from keystead.domain.events import Event, EventName
from keystead.domain.reference import ReferenceSystem, ReferenceUser, Unusable
from keystead.domain.user import Credentials, EmailAddress, Role, Status, User, UserId
from keystead.flows.compare import Told
from keystead.flows.tools import Tools

BATCH = 25
"""Accounts written at the same time: they share commits, and a server's pool of connections."""


@dataclass(frozen=True, slots=True)
class Imported:
    """An account that is here now; *is_new* if it was not before."""

    reference_id: str
    id: UserId
    email: EmailAddress
    is_new: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A document that no account was made of, and why."""

    reference_id: str
    reason: str


@dataclass
class Import:
    """
    What became of every user.

    Args:
        signed_out: documents of sessions and refresh tokens; none can be carried, since the tokens
            of that system are other than ours.
        has_admin: whether anybody can administer the service afterwards.

    """

    signed_out: dict[str, int]
    imported: list[Imported] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    has_admin: bool = False


async def import_reference(
    tools: Tools, system: ReferenceSystem, now: datetime, tell: Told, *, is_rehearsal: bool = False
) -> Import:
    """
    Make an account of every user document that one can be made of, with its hash, role and times.

    Raises: StoreDown: one of the two databases; what was imported until then stays.
    """
    counts = await system.count()
    total = counts.pop("users")
    walk = _Walk(tools, Import(counts), now, is_rehearsal=is_rehearsal)
    batch: list[ReferenceUser] = []
    tell("users read", 0, total)
    async with aclosing(system.users()) as documents:
        async for document in documents:
            batch.append(document)
            if len(batch) == BATCH:
                await walk.take(batch)
                tell("users read", walk.count, total)
                batch = []
    await walk.take(batch)
    tell("users read", walk.count, total)
    return await walk.finish()


class _Walk:
    """One run through the documents."""

    def __init__(self, tools: Tools, result: Import, now: datetime, *, is_rehearsal: bool) -> None:
        self._tools = tools
        self._result = result
        self._now = now
        self._is_rehearsal = is_rehearsal
        self._first_with: dict[EmailAddress, str] = {}
        self._has_admin = False

    @property
    def count(self) -> int:
        """How many documents were looked at."""
        return len(self._result.imported) + len(self._result.left_out)

    async def take(self, batch: list[ReferenceUser]) -> None:
        """Import some, all at the same time: which of them has an address was decided before."""
        judged = [self._judge(document) for document in batch]
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

    def _judge(self, document: ReferenceUser) -> Credentials | LeftOut:
        try:
            found = _credentials(self._tools, document)
        except Unusable as reason:
            return LeftOut(document.id, str(reason))
        # The oldest document comes first, and has the address.
        first = self._first_with.setdefault(found.user.email, document.id)
        if first != document.id:
            return LeftOut(document.id, f"its e-mail address is the same as that of {first}")
        return found

    async def _keep(
        self, document: ReferenceUser, found: Credentials | LeftOut
    ) -> Imported | LeftOut:
        if isinstance(found, LeftOut):
            return found
        user, store = found.user, self._tools.store
        is_new = await store.find_user(user.id) is None
        if is_new and not await self._add(found):
            return LeftOut(document.id, "another account here has its e-mail address")
        self._has_admin = self._has_admin or (is_new and user.role is Role.ADMIN)
        return Imported(document.id, user.id, user.email, is_new)

    async def _add(self, found: Credentials) -> bool:
        if self._is_rehearsal:
            return await self._tools.store.find_credentials(found.user.email) is None
        # One record for each account, in the commit that makes it; one line of the log for them all.
        detail = f"{found.user.role.value}, imported"
        event = Event(EventName.USER_CREATED, subject=found.user.id, detail=detail)
        record = self._tools.audit_record(event, self._now)
        return await self._tools.store.add_user(found.user, found.password, record=record)


def _credentials(tools: Tools, document: ReferenceUser) -> Credentials:
    user_id = reference.new_id(document.id)
    created_at = reference.moment(document.created_at, reference.made_at(document.id))
    user = User(
        id=user_id,
        email=_email(tools, document.email),
        role=reference.role(document.role),
        status=Status.ACTIVE,
        created_at=created_at,
        updated_at=reference.moment(document.updated_at, created_at),
    )
    return Credentials(user, reference.password_hash(document.password))


def _email(tools: Tools, found: object) -> EmailAddress:
    if found is None:
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
