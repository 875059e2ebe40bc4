"""The schema as the migrations make it; `make schema` writes it where a new file takes it from."""

import sqlite3
import tempfile
from pathlib import Path

from keystead.store.migrations import HEAD
from keystead.store.migrations.run import upgrade

SCHEMA = Path("src/keystead/store/migrations/schema.sqlite.sql")

HEAD_LINE = (
    "-- What the migrations make of an empty SQLite file; `make schema` writes it anew, "
    "a test compares."
)


def made_by_migrations(path: Path) -> str:
    """Migrate the empty file *path* and return its whole schema."""
    upgrade(f"sqlite:///{path}")
    db = sqlite3.connect(path)
    found = db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
    lines = [" ".join(text.split()) + ";" for (text,) in found]
    db.close()
    return "\n".join([HEAD_LINE, *lines, f"INSERT INTO alembic_version VALUES ('{HEAD}');", ""])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        SCHEMA.write_text(made_by_migrations(Path(folder) / "migrated.db"))
