"""`keystead geo ...`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from keystead.cli.running import WRONG_USAGE, AsJson, load_settings, show, stop

if TYPE_CHECKING:
    from keystead.places.download import Outcome

geo = typer.Typer(help="The database that turns IP addresses into places.", no_args_is_help=True)


@geo.callback()
def about() -> None:
    """Download and replace the city database."""


@geo.command("update")
def update_(*, as_json: AsJson = False) -> None:
    """Download the newest GeoLite2 City database, if there is a newer one than yours."""
    settings = load_settings()
    if not (settings.maxmind_account_id and settings.maxmind_license_key):
        stop("set MAXMIND_ACCOUNT_ID and MAXMIND_LICENSE_KEY first", WRONG_USAGE)
    key = settings.maxmind_license_key.get_secret_value()
    outcome = _download(settings.geo_db_file_path, settings.maxmind_account_id, key)
    if as_json:
        show({"outcome": type(outcome).__name__, "path": str(settings.geo_db_file_path)})
    else:
        typer.echo(WORDS[type(outcome).__name__])


WORDS = {
    "Updated": "Updated.",
    "UpToDate": "It is up to date already.",
    "AlreadyRunning": "Another process is updating it right now; nothing was done.",
}


def _download(target: Path, account_id: str, license_key: str) -> "Outcome":
    # The HTTP client and the progress bar cost 15 MiB, which no other command should pay.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, DownloadColumn, Progress  # noqa: PLC0415

    from keystead.places.download import GeoUpdateFailed, update  # noqa: PLC0415

    with Progress(
        BarColumn(),
        DownloadColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    ) as bar:
        task = bar.add_task("GeoLite2 City", total=None)
        try:
            return update(
                target,
                account_id,
                license_key,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
        except GeoUpdateFailed as failure:
            stop(str(failure))
