"""`keystead create-admin` and `keystead users ...`."""

import sys
from typing import Annotated

import typer

from keystead.assembly import system_clock
from keystead.cli.running import AsJson, Who, Yes, find, run, show, show_table, stop, text
from keystead.domain.user import Role, Status, User, UserQuery
from keystead.flows.register import register
from keystead.flows.tools import Tools
from keystead.flows.users import change_role, change_status, delete_user, list_users, unlock_user

users = typer.Typer(help="Find accounts and change what they may do.", no_args_is_help=True)

PAGE = 100


def create_admin(
    email: Annotated[str, typer.Argument(help="The e-mail address to sign in with.")],
    *,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make an account with the role admin. The password is asked for, never an argument."""
    password = _read_password(from_stdin=password_stdin)

    async def create(tools: Tools) -> User:
        return await register(tools, email, password, system_clock(), Role.ADMIN)

    _report(run(create), "is an admin now", as_json=as_json)


@users.command("list")
def list_(
    *,
    search: Annotated[
        str | None, typer.Option(help="The beginning of the address.", callback=text)
    ] = None,
    role: Role | None = None,
    status: Status | None = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at the most.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """List accounts in the order of their addresses."""

    async def collect(tools: Tools) -> list[User]:
        found: list[User] = []
        has_more = True
        while has_more and len(found) < limit:
            after = found[-1].email if found else None
            size = min(PAGE, limit - len(found))
            page, has_more = await list_users(tools, UserQuery(size, after, search, role, status))
            found.extend(page)
        return found

    lines = [_line(user) for user in run(collect)]
    if as_json:
        show(lines)
    else:
        show_table("accounts", lines)


@users.command()
def disable(who: Who, *, as_json: AsJson = False) -> None:
    """Refuse sign-in and end every session, at once."""
    _set_status(who, Status.DISABLED, as_json=as_json)


@users.command()
def enable(who: Who, *, as_json: AsJson = False) -> None:
    """Let a disabled account sign in again."""
    _set_status(who, Status.ACTIVE, as_json=as_json)


@users.command()
def unlock(who: Who, *, as_json: AsJson = False) -> None:
    """Let an account sign in again that failed sign-ins have stopped."""

    async def forget(tools: Tools) -> User:
        user = await find(tools, who)
        await unlock_user(tools, None, user, system_clock())
        return user

    _report(run(forget), "can sign in again", as_json=as_json)


@users.command()
def role(who: Who, role: Role, *, as_json: AsJson = False) -> None:
    """Give an account another role; it holds on its next request."""

    async def change(tools: Tools) -> User:
        return await change_role(tools, None, (await find(tools, who)).id, role, system_clock())

    _report(run(change), f"has the role {role.value} now", as_json=as_json)


@users.command()
def delete(who: Who, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Remove an account with its sessions."""
    if not yes:
        typer.confirm(f"Delete {who} and everything that belongs to them?", abort=True, err=True)

    async def remove(tools: Tools) -> User:
        return await delete_user(tools, None, (await find(tools, who)).id, system_clock())

    _report(run(remove), "is deleted", as_json=as_json)


def _read_password(*, from_stdin: bool) -> str:
    try:
        if from_stdin:
            password = sys.stdin.readline().rstrip("\r\n")
        else:
            password = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
        password.encode()  # Python may read bytes that are no text as lone surrogates.
    except UnicodeError:
        stop("the password is not text in the encoding of this terminal")
    return password


def _set_status(who: str, status: Status, *, as_json: bool) -> None:
    async def change(tools: Tools) -> User:
        return await change_status(tools, None, (await find(tools, who)).id, status, system_clock())

    _report(run(change), f"is {status.value} now", as_json=as_json)


def _report(user: User, what: str, *, as_json: bool) -> None:
    if as_json:
        show(_line(user))
    else:
        typer.echo(f"{user.email} {what}.")


def _line(user: User) -> dict[str, object]:
    return {
        "id": user.id,
        "email": user.email,
        "role": user.role.value,
        "status": user.status.value,
        "created": user.created_at.isoformat(timespec="seconds"),
    }
