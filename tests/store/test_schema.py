"""A new file and a migrated one are the same."""

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

import keystead.store.migrations
from keystead.store.migrations import HEAD
from tests.store.schema_text import SCHEMA, made_by_migrations

ROOT = Path(__file__).parents[2]


def test_the_schema_of_a_new_file_is_what_the_migrations_make(tmp_path: Path) -> None:
    assert (ROOT / SCHEMA).read_text() == made_by_migrations(tmp_path / "migrated.db")


def test_the_code_expects_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(keystead.store.migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD
