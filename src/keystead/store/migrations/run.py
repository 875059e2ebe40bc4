"""Bring a database to the newest schema."""

from importlib.resources import files
from io import StringIO

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from keystead.store.migrations import SchemaUnknown


def upgrade(url: str) -> None:
    """
    Run the steps that are missing, all in one transaction that holds the write lock.

    Of several processes that start at once one migrates; the others wait and find nothing to do.

    Raises: SchemaUnknown.
    """
    config = _config()
    config.attributes["url"] = url
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise SchemaUnknown(
            "the database was made by a newer version of Keystead; run that version, "
            "or restore the back-up from before its upgrade"
        ) from error


def script(revision: str | None) -> str:
    """
    Return what makes the newest schema of that of *revision* in PostgreSQL, as one text of SQL.

    A text, since SQLAlchemy would need a driver of its own, or greenlet, to run the steps itself.
    """
    text = StringIO()
    config = _config(output=text)
    command.upgrade(config, f"{revision or 'base'}:head", sql=True)
    return text.getvalue()


def _config(output: StringIO | None = None) -> Config:
    config = Config(output_buffer=output)
    config.set_main_option("script_location", str(files(__package__)))
    return config
