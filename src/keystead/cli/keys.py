"""`keystead keys ...`."""

from datetime import datetime
from typing import Annotated

import typer

from keystead.assembly import secrets_path, system_clock
from keystead.cli.running import WRONG_USAGE, AsJson, load_settings, run, show, show_table, stop
from keystead.crypto.keyring import new_keyring
from keystead.crypto.secrets_file import SecretsFile, text_of
from keystead.domain.keys import LEAD, KeyLine, KeyUse
from keystead.flows.keys import Retirement, retire_key, rotate_key
from keystead.flows.tools import Tools
from keystead.setting_values import duration, human
from keystead.settings import Settings

keys = typer.Typer(
    help="The keys of tokens and passwords, and how they are replaced.", no_args_is_help=True
)


def lead(value: str) -> str:
    """Check a duration. Raises: BadParameter."""
    try:
        duration(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return value


USUAL_LEAD = human(LEAD)

Use = Annotated[KeyUse, typer.Argument(help="What the key is for.")]
Lead = Annotated[
    str,
    typer.Option(
        "--in",
        callback=lead,
        metavar="DURATION",
        help="How long the new key waits: until every host has the file, and others know the key.",
    ),
]


@keys.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the keys in use, never the keys themselves."""
    settings, file = _open()

    async def collect(_: Tools) -> list[KeyLine]:
        return file.list_keys(system_clock())

    lines = [_line(line) for line in run(collect, settings)]
    if as_json:
        show(lines)
    else:
        show_table("keys", lines)


@keys.command()
def rotate(use: Use, *, wait: Lead = USUAL_LEAD, as_json: AsJson = False) -> None:
    """Make a new key, which takes over after a while; what the old one made stays good."""
    settings, file = _open(use)

    async def add(tools: Tools) -> KeyLine:
        return await rotate_key(tools, file, use, duration(wait), system_clock())

    made = run(add, settings)
    if as_json:
        show(_line(made))
    else:
        typer.echo(
            f"The {use} key {made.id} makes from {_written(made.since)} on. Other hosts need "
            f"{secrets_path(settings)} before that."
        )


# One id in 64 begins with a dash, and is no option.
@keys.command(context_settings={"ignore_unknown_options": True})
def retire(
    use: Use,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `keystead keys list` shows it.")],
    *,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Also if what it made is still about.")
    ] = False,
) -> None:
    """Use a key no more: what it made is refused."""
    settings, file = _open(use)

    async def remove(tools: Tools) -> None:
        wanted = Retirement(use, key_id, at_once=at_once)
        await retire_key(tools, file, wanted, system_clock())

    run(remove, settings)
    typer.echo(f"The {use} key {key_id} is used no more.")


@keys.command()
def new() -> None:
    """Print keys for a new installation: what `KEYSTEAD_SECRETS` holds where there are no files."""
    typer.echo(text_of(new_keyring()))


def _open(use: KeyUse | None = None) -> tuple[Settings, SecretsFile]:
    settings = load_settings()
    if use is KeyUse.SIGNING and settings.jwt_secret is not None:
        stop("JWT_SECRET signs: change it, and every access token is refused once", WRONG_USAGE)
    if settings.secrets is not None:
        stop(
            "the keys are in KEYSTEAD_SECRETS: write them into a file of mode 0600, name it with "
            "KEYSTEAD_SECRETS_FILE for this command alone, and put its content back on every host "
            "before the new key makes anything",
            WRONG_USAGE,
        )
    return settings, SecretsFile(secrets_path(settings))


def _line(line: KeyLine) -> dict[str, object]:
    return {
        "use": line.use.value,
        "id": line.id,
        "state": line.state.value,
        "since": _written(line.since),
        "until": _written(line.until),
    }


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
