"""The schema's history, one file per step; run by Alembic, the only place that uses SQLAlchemy."""

HEAD = "0004"
"""The newest revision: what the code of this version expects. A test keeps it true."""


class SchemaUnknown(Exception):  # noqa: N818 - named for the fact, like every fault.
    """The schema is not one that this version can work with; the text says what to do."""
