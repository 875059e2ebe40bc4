"""What Alembic runs for every command; see its documentation."""

from alembic import context
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

WAIT_SECONDS = 30
"""For another process that is migrating."""


def migrate() -> None:
    """Run the missing steps on the SQLite file that the caller named, or write them out for PostgreSQL."""
    if context.is_offline_mode():
        # No BEGIN and COMMIT: whoever runs the text holds a lock, in a transaction of its own.
        context.configure(dialect_name="postgresql", transactional_ddl=False)
        context.run_migrations()
        return
    url = context.config.attributes["url"]
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": WAIT_SECONDS})
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", _take_the_write_lock)
    with engine.begin() as connection:
        context.configure(connection=connection, transactional_ddl=True)
        with context.begin_transaction():
            context.run_migrations()


def _leave_transactions_to_us(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver would commit before every CREATE; SQLite itself can undo them.
    connection.isolation_level = None


def _take_the_write_lock(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


migrate()
