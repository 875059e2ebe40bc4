"""What happened, for who has to answer for it."""

from typing import Annotated, Self

from fastapi import Query as InQuery
from pydantic import Field
from starlette.responses import Response

from keystead.domain.audit import AuditQuery, AuditRecord
from keystead.domain.errors import CursorInvalid, Forbidden, InputInvalid
from keystead.domain.events import EventName
from keystead.domain.permissions import Permission
from keystead.domain.user import UserId
from keystead.flows.audit import list_audit
from keystead.web.access import NEEDS, Routes
from keystead.web.call import Call
from keystead.web.cursors import read_cursor, write_cursor
from keystead.web.replies import reply
from keystead.web.shapes import Message, Moment, PageQuery, Shape, moment

routes = Routes()


MAX_ID = 64
"""In characters: an id has 36, and its cursor 48."""


class AuditPage(PageQuery):
    """Which records to list."""

    cursor: str | None = Field(
        None, max_length=MAX_ID, description="`nextCursor` of the page before"
    )
    actor: str | None = Field(None, max_length=MAX_ID, description="The id of who did it")
    subject: str | None = Field(
        None, max_length=MAX_ID, description="The id of whom it was done to"
    )
    event: EventName | None = None


class AuditShape(Shape):
    """One event. `seq` is null for the few seconds until the record is sealed."""

    id: str = Field(serialization_alias="_id", examples=["0199c0de-7a11-7b0b-9c5e-3f2a6c1d9e42"])
    seq: int | None
    at: Moment
    event: str = Field(examples=["authn_token_reuse"])
    severity: str = Field(examples=["critical"])
    actor: str | None
    subject: str | None
    session: str | None
    ended: str | None
    detail: str | None
    ip: str | None = Field(
        examples=["203.0.113.7"], description="The network after a while: 203.0.113.0/24"
    )
    user_agent: str | None

    @classmethod
    def of(cls, record: AuditRecord) -> Self:
        """Show *record*."""
        return cls(
            id=record.id,
            seq=record.seq,
            at=moment(record.at),
            event=record.name,
            severity=record.severity,
            actor=record.actor,
            subject=record.subject,
            session=record.session,
            ended=record.ended,
            detail=record.detail,
            ip=record.ip or record.network,
            user_agent=record.user_agent,
        )


class AuditAnswer(Message):
    """One page of records, newest first; `nextCursor` is null on the last one."""

    records: list[AuditShape]
    next_cursor: str | None


@routes.add(
    "GET",
    "/audit",
    access=NEEDS(Permission.AUDIT_READ),
    answer=AuditAnswer,
    refuses=(Forbidden, InputInvalid, CursorInvalid),
    tags=["audit"],
)
async def get_audit(call: Call, page: Annotated[AuditPage, InQuery()]) -> Response:
    """List what happened, newest first, a page at a time."""
    query = AuditQuery(
        limit=page.limit,
        before=read_cursor(page.cursor) if page.cursor else None,
        actor=UserId(page.actor) if page.actor else None,
        subject=UserId(page.subject) if page.subject else None,
        name=page.event.value if page.event else None,
    )
    records, has_more = await list_audit(call.tools, query)
    return reply(
        AuditAnswer(
            message="Audit log fetched",
            records=[AuditShape.of(record) for record in records],
            next_cursor=write_cursor(records[-1].id) if has_more else None,
        )
    )
