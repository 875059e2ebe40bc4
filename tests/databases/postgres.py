"""
PostgreSQL for the tests: one server for each test process, and databases that each test finds empty.

The server is that of TEST_POSTGRES_URL, or one that is started here. To make a database takes 50 ms
and more, so what one test gives back is emptied for whoever comes next.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from keystead.store.postgres import PostgresStore
from tests.databases import TABLES, Row
from tests.databases.postgres_server import Cluster, cluster

GIVEN = "TEST_POSTGRES_URL"

T = TypeVar("T")


class PostgresDatabase:
    """One test's database, over a connection of its own that lives in another thread."""

    def __init__(self, url: str, beside: "Beside") -> None:
        self.url = url
        self.folder = Path()
        self._beside = beside

    def run(self, query: str, *values: object) -> list[Row]:
        """Ask the server itself."""
        return [
            dict(row) for row in self._beside.run(self._beside.connection.fetch(query, *values))
        ]

    def rows(self, table: str, **where: object) -> list[Row]:
        condition, values = _condition(where)
        return self.run(f"SELECT * FROM {_known(table)} WHERE {condition} ORDER BY 1", *values)

    def add(self, table: str, rows: list[Row]) -> None:
        if not rows:
            return
        columns = list(rows[0])
        records = [tuple(row[column] for column in columns) for row in rows]
        copy = self._beside.connection.copy_records_to_table
        self._beside.run(copy(_known(table), records=records, columns=columns))

    def change(self, table: str, where: Mapping[str, object], **values: object) -> int:
        condition, found = _condition(where)
        new = ", ".join(
            f"{column} = ${number}" for number, column in enumerate(values, len(found) + 1)
        )
        query = f"UPDATE {_known(table)} SET {new} WHERE {condition} RETURNING 1"
        return len(self.run(query, *found, *values.values()))

    def remove(self, table: str, **where: object) -> int:
        condition, values = _condition(where)
        return len(self.run(f"DELETE FROM {_known(table)} WHERE {condition} RETURNING 1", *values))

    def everything(self) -> bytes:
        """Return every row of every table, as text; bytes as they are, and as hexadecimal digits."""
        parts: list[bytes] = []
        for table in (*TABLES, "alembic_version"):
            for row in self.run(f"SELECT * FROM {table}"):
                parts.append(repr(row).encode())
                parts += [value for value in row.values() if isinstance(value, bytes)]
                parts += [v.hex().encode() for v in row.values() if isinstance(v, bytes)]
        return b"\n".join(parts)

    def tables(self) -> set[str]:
        found = self.run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {row["tablename"] for row in found}

    def damage(self) -> list[str]:
        return []

    @contextmanager
    def broken(self) -> Iterator[str]:
        """Put the tables where nobody finds them, and back."""
        self.run("ALTER SCHEMA public RENAME TO away")
        try:
            yield "does not exist"
        finally:
            self.run("ALTER SCHEMA away RENAME TO public")


class PostgresServer:
    """Gives each test a database that nobody else has just now, empty."""

    def __init__(self, url: str, until_the_end: ExitStack, cluster: Cluster | None) -> None:
        self._url = url
        self._until_the_end = until_the_end
        self._free: list[PostgresDatabase] = []
        self._made = 0
        self.cluster = cluster
        """The server, if it was started here."""

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[PostgresDatabase]:
        database = self._free.pop() if self._free else self._make()
        database.folder = folder
        # A test that left a connection behind must not reach into the next one.
        database.run(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        for left in database.tables() - {*TABLES, "alembic_version"}:
            database.run(f'DROP TABLE "{left}" CASCADE')  # What a test carried there.
        database.run(f"TRUNCATE {', '.join(TABLES)}")
        try:
            yield database
        finally:
            self._free.append(database)

    def _make(self) -> PostgresDatabase:
        self._made += 1
        name = f"keystead_test_{os.getpid()}_{self._made}"
        url = self._until_the_end.enter_context(database_on(self._url, name))
        # On a loop of its own, whether or not one is running here.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, PostgresStore(url, 1).migrate()).result()
        return PostgresDatabase(url, self._until_the_end.enter_context(beside(url)))


@contextmanager
def serving(folder: Path) -> Iterator[PostgresServer]:  # noqa: ARG001 - part of the interface.
    """
    Serve from TEST_POSTGRES_URL, or from a server that is started here.

    Raises: NoServer.
    """
    with ExitStack() as stack:
        given = os.environ.get(GIVEN)
        own = None if given else stack.enter_context(cluster())
        server = own.url() if own else str(given)
        yield PostgresServer(server, stack, own)


@contextmanager
def database_on(server: str, name: str, options: str = "ENCODING 'UTF8'") -> Iterator[str]:
    """Make a database of this name on a server, and drop it afterwards. Yields: its URL."""
    with beside(server) as maker:
        maker.run(maker.connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        maker.run(maker.connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 {options}"))
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            maker.run(maker.connection.execute(f"DROP DATABASE {name} WITH (FORCE)"))


class Beside:
    """An event loop in a thread, and a connection on it: tests that do not await can ask too."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.connection: asyncpg.Connection

    def run(self, job: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(job, self._loop).result(30)


@contextmanager
def beside(url: str) -> Iterator[Beside]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        found = Beside(loop)
        # Without prepared statements: a schema that is renamed meanwhile is no surprise to it.
        found.connection = found.run(asyncpg.connect(url, timeout=10, statement_cache_size=0))
        yield found
        if not found.connection.is_closed():
            found.run(found.connection.close(timeout=5))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _condition(where: Mapping[str, object]) -> tuple[str, list[object]]:
    values = [value for value in where.values() if value is not None]
    numbers = iter(range(1, len(values) + 1))
    tests = [
        f"{column} IS NULL" if value is None else f"{column} = ${next(numbers)}"
        for column, value in where.items()
    ]
    return " AND ".join(tests) or "true", values


def _known(table: str) -> str:
    assert table in (*TABLES, "alembic_version")
    return table
