"""`keystead sessions ...`."""

from typing import Annotated

import typer

from keystead.assembly import system_clock
from keystead.cli.running import AsJson, Who, Yes, find, run, show, show_table, text
from keystead.domain.session import Session, SessionId
from keystead.flows.sessions import (
    end_every_session,
    end_session_of,
    end_sessions_of,
    list_sessions_of,
)
from keystead.flows.tools import Tools
from keystead.flows.upkeep import purge as purge_expired

sessions = typer.Typer(help="See where users are signed in, and end it.", no_args_is_help=True)


@sessions.command("list")
def list_(who: Who, *, as_json: AsJson = False) -> None:
    """List an account's live sessions, newest first."""

    async def collect(tools: Tools) -> list[Session]:
        return await list_sessions_of(tools, (await find(tools, who)).id, system_clock())

    lines = [_line(session) for session in run(collect)]
    if as_json:
        show(lines)
    else:
        show_table("sessions", lines)


@sessions.command()
def revoke(
    who: Who,
    session: Annotated[
        str | None, typer.Option(help="Only the session with this id.", callback=text)
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """End an account's sessions, or one of them."""

    async def end(tools: Tools) -> int:
        user, now = await find(tools, who), system_clock()
        if session is None:
            return await end_sessions_of(tools, None, user.id, now)
        await end_session_of(tools, None, user.id, SessionId(session), now)
        return 1

    _report(run(end), "ended", as_json=as_json)


@sessions.command()
def epoch(*, yes: Yes = False, as_json: AsJson = False) -> None:
    """Sign everybody out: after a database server was restored from a back-up."""
    if not yes:
        typer.confirm("End every session of every account?", abort=True, err=True)

    async def end(tools: Tools) -> int:
        return await end_every_session(tools, system_clock())

    _report(run(end), "ended", as_json=as_json)


@sessions.command()
def purge(*, as_json: AsJson = False) -> None:
    """Remove what has expired now; the server does it by itself every minute."""

    async def remove(tools: Tools) -> int:
        return await purge_expired(tools, system_clock())

    _report(run(remove), "removed", as_json=as_json)


def _report(count: int, what: str, *, as_json: bool) -> None:
    if as_json:
        show({what: count})
    else:
        typer.echo(f"{count} session{'' if count == 1 else 's'} {what}.")


def _line(session: Session) -> dict[str, object]:
    device, place = session.client.device, session.client.place
    return {
        "id": session.id,
        "device": device.name,
        "browser": device.browser,
        "os": device.os,
        "ip": session.client.ip,
        "city": place.city if place else None,
        "country": place.country if place else None,
        "created": session.created_at.isoformat(timespec="seconds"),
        "last_active": session.last_active_at.isoformat(timespec="seconds"),
    }
