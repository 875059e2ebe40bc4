"""
Which schema a PostgreSQL database has, whether this version can work with it, and how it is migrated.

Versions may differ while a service of several hosts is upgraded: the newer one migrates first, in a
way that the older one can still work with. A migration after which it no longer can says so in the
database: `oldest_code` in `installation` is the oldest revision whose code may go on.
"""

import asyncpg

from keystead.store import SchemaUnknown, migrations
from keystead.store.postgres_connection import Connector, Link

FIND_TABLE = "SELECT to_regclass('alembic_version') IS NOT NULL"
FIND_REVISION = "SELECT version_num FROM alembic_version"
FIND_OLDEST_CODE = "SELECT value FROM installation WHERE name = 'oldest_code'"

ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(7312601543)"
"""Any number that no other program takes in the same database; held until the commit."""

LOCK_TIMEOUT = "SET LOCAL lock_timeout = '10s'"
"""A change of the schema that waits for a long transaction makes everybody else wait behind it."""

ENCODING = "UTF8"


async def check_schema(link: Link) -> None:
    """
    Return if this version can work with the schema there is.

    Raises: SchemaUnknown: it is missing, older, or newer and no longer meant for this version.
    """
    await _judge(link.connection)


async def has_schema(link: Link) -> bool:
    """
    Say whether there is a schema that this version can work with, or none at all.

    Raises: SchemaUnknown: as `check_schema`, but for a database without one.
    """
    if await _revision(link.connection) is None:
        return False
    await check_schema(link)
    return True


async def migrate(connector: Connector) -> None:
    """
    Bring the schema to the newest revision in one transaction, unless a newer one is there already.

    Raises: SchemaUnknown: a newer one that this version cannot work with, or another encoding.
    """
    connection = await connector.connect_to_migrate()
    try:
        async with connection.transaction(isolation="read_committed"):
            await connection.execute(ONE_AT_A_TIME)
            await connection.execute(LOCK_TIMEOUT)
            found = await _revision(connection)
            if found is None or found < migrations.HEAD:
                _check_encoding(connection)
                # Alembic takes half a second and 30 MiB to load.
                from keystead.store.migrations.run import script  # noqa: PLC0415

                await connection.execute(script(found))
            else:
                await _judge(connection)
    finally:
        connection.terminate()


async def _judge(connection: asyncpg.Connection) -> None:
    found = await _revision(connection)
    if found is None or found < migrations.HEAD:
        has = "no schema" if found is None else f"the schema of an older version ({found})"
        raise SchemaUnknown(f"the database has {has}: run `keystead migrate`")
    if found == migrations.HEAD:
        return
    oldest_code = await connection.fetchval(FIND_OLDEST_CODE)
    if oldest_code is not None and oldest_code > migrations.HEAD:
        raise SchemaUnknown(
            "a newer version of Keystead has changed the database in a way that this one cannot work "
            "with: run that version"
        )


async def _revision(connection: asyncpg.Connection) -> str | None:
    # Asked for by name first: in a transaction, a table that is not there would be an error to all of it.
    if not await connection.fetchval(FIND_TABLE):
        return None
    found: str | None = await connection.fetchval(FIND_REVISION)
    return found


def _check_encoding(connection: asyncpg.Connection) -> None:
    encoding = connection.get_settings().server_encoding
    if encoding != ENCODING:
        raise SchemaUnknown(
            f"the database has the encoding {encoding}, in which not every name can be written: make "
            f"one with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
        )
