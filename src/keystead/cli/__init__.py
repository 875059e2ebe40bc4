"""
The command line: serve, and what an operator does without a browser.

Owns arguments, tables and exit codes (0 done, 1 refused, 2 wrong usage or settings). Decides
nothing: every command is a flow, run with the same tools as the server.
"""

import typer

from keystead.cli.accounts import create_admin, users
from keystead.cli.audit import audit
from keystead.cli.backup import backup, restore
from keystead.cli.doctor import doctor
from keystead.cli.geo import geo
from keystead.cli.importing import import_
from keystead.cli.inspect import options, routes, settings, version
from keystead.cli.keys import keys
from keystead.cli.moving import copy_
from keystead.cli.serve import migrate, serve
from keystead.cli.sessions import sessions

keystead = typer.Typer(
    name="keystead",
    help="The self-hosted account backend.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

keystead.callback()(options)
keystead.command()(serve)
keystead.command()(migrate)
keystead.command("create-admin")(create_admin)
keystead.add_typer(users, name="users")
keystead.add_typer(sessions, name="sessions")
keystead.add_typer(keys, name="keys")
keystead.add_typer(audit, name="audit")
keystead.add_typer(geo, name="geo")
keystead.command()(backup)
keystead.command()(restore)
keystead.command()(doctor)
keystead.command("copy")(copy_)
keystead.add_typer(import_, name="import")
keystead.command()(routes)
keystead.command()(settings)
keystead.command()(version)


def main() -> None:
    """Run the command line."""
    keystead()
