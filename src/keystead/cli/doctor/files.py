"""Whether others on this machine can read or change our files."""

import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

from keystead.assembly import secrets_path
from keystead.cli.doctor.case import Case, Finding, fine, warning
from keystead.crypto.secrets_file import is_open_to_others
from keystead.store import is_embedded, sqlite_path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
WRITE = stat.S_IWGRP | stat.S_IWOTH


async def examine(case: Case) -> AsyncIterator[Finding]:
    """Look at the database, the secrets, `.env` and the folders they are in."""
    secrets = secrets_path(case.settings)
    paths = [secrets, Path(".env")]
    url = case.settings.database_url.get_secret_value()
    if is_embedded(url):
        paths.append(sqlite_path(url))
    open_files = [
        path
        for path in paths
        if path.exists() and path.stat().st_mode & OTHERS
        if path != secrets or is_open_to_others(path.stat())
    ]
    for path in open_files:
        yield warning(
            f"others on this machine can read or write {path}",
            "it holds accounts or secrets",
            f"chmod 600 {path}",
        )
    folders = {path.resolve().parent for path in paths if path.exists()}
    for folder in sorted(folders):
        mode = folder.stat().st_mode
        if mode & WRITE and not mode & stat.S_ISVTX:
            yield warning(
                f"others on this machine can write to {folder}",
                "they can put another file in the place of ours",
                f"chmod go-w {folder}",
            )
    if os.geteuid() == 0 and case.settings.is_production:
        yield warning(
            "it runs as root",
            "a flaw in any library would give away the whole machine",
            "make a user for it, who owns the database and the secrets and nothing else",
        )
    if not open_files:
        yield fine("our files can be read by their owner only")
