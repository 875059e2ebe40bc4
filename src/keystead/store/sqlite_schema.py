"""
Makes the file and brings its schema up to date.

A new file gets the newest schema at once. Only an older one is migrated: Alembic and SQLAlchemy
take half a second and 30 MiB to load, which a start should not pay for nothing.
"""

import os
import sqlite3
from importlib.resources import files
from pathlib import Path

from keystead.store import migrations
from keystead.store.sqlite_connection import fetch_all, schema_version

OWNER_ONLY = 0o600


def make_file(path: Path) -> None:
    """Make *path*, readable by its owner only, if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, OWNER_ONLY))


def bring_up_to_date(db: sqlite3.Connection, path: Path) -> None:
    """
    Give the file the newest schema; of several processes one does it and the others wait.

    Raises: SchemaUnknown: a newer version of this program has migrated it.
    """
    if schema_version(db) is None:
        _create(db)
    if schema_version(db) != migrations.HEAD:
        from keystead.store.migrations.run import upgrade  # noqa: PLC0415 - see above.

        upgrade(f"sqlite:///{path}")


def has_schema(db: sqlite3.Connection) -> bool:
    """
    Say whether the file has the newest schema, or none at all.

    Raises: SchemaUnknown: it has another one.
    """
    version = schema_version(db)
    if version not in {None, migrations.HEAD}:
        raise migrations.SchemaUnknown(
            "the database was made by another version of Keystead; run `keystead migrate` on it "
            "first, or use the version that made it"
        )
    return version is not None


def _create(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    if not fetch_all(db, "SELECT 1 FROM sqlite_master"):  # Else another process came first.
        for statement in _statements():
            db.execute(statement)
    db.execute("COMMIT")


def _statements() -> list[str]:
    text = files(migrations).joinpath("schema.sqlite.sql").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return [statement for statement in "".join(lines).split(";") if statement]
