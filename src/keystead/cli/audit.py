"""`keystead audit ...`."""

import json
import re
from datetime import UTC, datetime
from typing import Annotated

import typer

from keystead.assembly import system_clock
from keystead.cli.running import AsJson, run, show, stop
from keystead.domain.audit import AuditHead, AuditRecord, Damage
from keystead.flows.audit import Anchor, Broken, Verdict, export_audit, verify_audit
from keystead.flows.tools import Tools

audit = typer.Typer(help="Check the audit log, and write it out.", no_args_is_help=True)

ANCHOR = re.compile(r"(\d{1,18}):([0-9a-f]{64})")

MEANINGS = {
    Damage.CHANGED: "is not what was written",
    Damage.MISSING: "is missing",
    Damage.REORDERED: "is not in the place that it was given",
    Damage.INSERTED: "was not written by this service, or was changed before it was sealed",
    Damage.TRUNCATED: "and what came after it are missing: the log was cut off",
    Damage.UNSEALED: "wait to be sealed for more than a minute: no server runs, or it is kept from it",
}


def anchor(value: str | None) -> str | None:
    """
    Return a head as `audit verify` prints it.

    Raises: BadParameter.
    """
    if value is not None and not ANCHOR.fullmatch(value):
        raise typer.BadParameter("a number, a colon and 64 hexadecimal digits")
    return value


Head = Annotated[
    str | None,
    typer.Option(
        "--head",
        metavar="SEQ:HASH",
        callback=anchor,
        help="The head that an earlier check printed, kept outside the database.",
    ),
]
Moment = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"], help="In UTC."),
]


@audit.command()
def verify(*, head: Head = None, as_json: AsJson = False) -> None:
    """Look whether the audit log is as it was written; exits with 1 if it is not."""
    kept = None
    if head is not None:
        seq, _, digits = head.partition(":")
        kept = Anchor(int(seq), bytes.fromhex(digits))

    async def check(tools: Tools) -> Verdict:
        return await verify_audit(tools, system_clock(), kept)

    found = run(check)
    if as_json:
        show(_described(found))
    else:
        typer.echo(
            f"{found.sealed} sealed records are whole, {found.trimmed} of them without addresses; "
            f"{found.unsealed} wait to be sealed, {found.overdue} of them for too long."
        )
    if found.broken is not None:
        stop(f"the audit log is damaged: {_explained(found.broken, found.overdue)}")
    if not as_json and found.head is not None:
        typer.echo(f"Head: {_written(found.head)}")


@audit.command()
def export(*, since: Moment = None, until: Moment = None) -> None:
    """Write the audit log to standard output, oldest first: one JSON object in each line."""

    async def write(tools: Tools) -> None:
        async for record in export_audit(tools, _in_utc(since), _in_utc(until)):
            typer.echo(_line(record))

    run(write)


def _in_utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


def _line(record: AuditRecord) -> str:
    # In ASCII: what a client called itself may hold what a terminal would obey.
    return json.dumps(
        {
            "seq": record.seq,
            "id": record.id,
            "at": record.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "event": record.name,
            "severity": record.severity,
            "actor": record.actor,
            "subject": record.subject,
            "session": record.session,
            "ended": record.ended,
            "detail": record.detail,
            "network": record.network,
            "ip": record.ip,
            "user_agent": record.user_agent,
            "key_id": record.key_id,
            "mac": record.mac.hex(),
            "chain": None if record.chain is None else record.chain.hex(),
        }
    )


def _described(found: Verdict) -> dict[str, object]:
    broken = found.broken
    return {
        "is_whole": broken is None,
        "sealed": found.sealed,
        "unsealed": found.unsealed,
        "overdue": found.overdue,
        "trimmed": found.trimmed,
        "head": None if found.head is None else _written(found.head),
        "broken": broken
        and {"damage": broken.damage.value, "seq": broken.seq, "record": broken.record},
    }


def _explained(broken: Broken, overdue: int) -> str:
    if broken.damage is Damage.UNSEALED:
        return f"{overdue} records {MEANINGS[broken.damage]} ({broken.damage.value})"
    where = "its head" if broken.seq is None else f"number {broken.seq}"
    if broken.record is not None:
        where = f"{where}, record {ascii(broken.record)[1:-1]}," if broken.seq else broken.record
    return f"{where} {MEANINGS[broken.damage]} ({broken.damage.value})"


def _written(head: AuditHead) -> str:
    return f"{head.seq}:{head.chain.hex()}"
