"""One connection to PostgreSQL: how it is made, and how a statement runs on it."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from keystead.store.postgres_errors import REFUSED_PARAMETER, code_of, leaves_connection_whole
from keystead.store.postgres_url import Target
from keystead.store.rows import Row
from keystead.store.sql_store import Parameters

CONNECT_SECONDS = 2.0
"""To make a connection, on all hosts together: the whole answer may take 5 s."""

HOST_SECONDS = 0.5
"""To one of several hosts at least, so that one that swallows everything does not use up the time."""

SERVER_SETTINGS = {
    "statement_timeout": "4000",  # ms: before we give up ourselves, so that nothing is left running.
    "idle_in_transaction_session_timeout": "10000",  # ms: a dead host holds no lock for longer.
    "tcp_keepalives_idle": "60",  # s: firewalls forget connections that are silent for minutes.
}

NAME = {"application_name": "keystead"}
"""What pg_stat_activity shows; PgBouncer passes it on."""


class Link:
    """
    A connection, with the statements that are prepared on it.

    A prepared statement is named for its text. Two processes whose connections PgBouncer sends to one
    session can then never run each other's statement in the place of their own: under the same name
    is the same text. The driver's own names count from 1 in every process.
    """

    __slots__ = ("_has_names", "_statements", "connection", "generation")

    def __init__(self, connection: asyncpg.Connection, generation: int, *, has_names: bool) -> None:
        self.connection = connection
        self.generation = generation
        self._has_names = has_names
        self._statements: dict[str, PreparedStatement] = {}

    @property
    def is_closed(self) -> bool:
        """Whether either side has closed it."""
        return bool(self.connection.is_closed())

    @property
    def is_clean(self) -> bool:
        """Whether somebody else can use it: open, and in no transaction."""
        return not self.is_closed and not self.connection.is_in_transaction()

    def has_prepared(self, query: str) -> bool:
        """Say whether one round trip is enough for *query*."""
        return query in self._statements

    async def fetch_prepared(self, query: str, parameters: Parameters, seconds: float) -> list[Row]:
        """
        Run a statement that is prepared. Returns: all rows.

        Raises: TimeoutError: no answer within that many seconds; one may still come.
        """
        found: list[Row] = await self._statements[query].fetch(*parameters, timeout=seconds)
        return found

    async def fetch(self, query: str, parameters: Parameters = ()) -> list[Row]:
        """Run one statement: one round trip from the second time on. Returns: all rows."""
        statement = self._statements.get(query)
        if statement is None:
            if not self._has_names:
                rows: list[Row] = await self.connection.fetch(query, *parameters)
                return rows
            name = f"keystead_{hashlib.sha256(query.encode()).hexdigest()[:32]}"
            statement = await self.connection.prepare(query, name=name)
            self._statements[query] = statement
        found: list[Row] = await statement.fetch(*parameters)
        return found

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Link"]:
        """
        Commit what is done meanwhile, or undo it if something is raised.

        If the server has not answered in full, nothing more is sent: whoever holds the connection
        closes it, and the server undoes the rest.
        """
        # The level is named since an administrator can choose another default for the database.
        await self.connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        try:
            yield self
        except BaseException as error:
            if leaves_connection_whole(error):
                await self.connection.execute("ROLLBACK")
            raise
        await self.connection.execute("COMMIT")

    def terminate(self) -> None:
        """Close it at once. What runs on it is given up."""
        self._statements.clear()
        self.connection.terminate()


class Connector:
    """Makes connections, and remembers what the server, or what stands before it, cannot do."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._hosts = list(target.hosts)
        self._settings = SERVER_SETTINGS
        self._has_names = True
        self.generation = 0

    def do_without_names(self) -> None:
        """From now on prepare nothing: sessions behind the connections change."""
        self._has_names = False
        self.expire()

    def expire(self) -> None:
        """Declare what was connected until now to be of no use."""
        self.generation += 1

    async def connect(self) -> Link:
        """
        Connect to the first host that answers.

        Raises: an error that `postgres_errors.is_down` knows.
        """
        generation, has_names = self.generation, self._has_names
        connection = await self._connect(self._settings)
        return Link(connection, generation, has_names=has_names)

    async def connect_to_migrate(self) -> asyncpg.Connection:
        """Connect without a limit on how long a statement takes."""
        return await self._connect({})

    async def _connect(self, settings: dict[str, str]) -> asyncpg.Connection:
        try:
            return await self._connect_to_one(settings)
        except asyncpg.PostgresError as error:
            if code_of(error) != REFUSED_PARAMETER or not settings:
                raise
            connection = await self._connect_to_one({})
            self._settings = {}  # The deadline of our own holds all the same.
            return connection

    async def _connect_to_one(self, settings: dict[str, str]) -> asyncpg.Connection:
        seconds = max(HOST_SECONDS, CONNECT_SECONDS / max(1, len(self._hosts)))
        failure: Exception | None = None
        # Each host has a time of its own, which the driver does not give it.
        for host, port in list(self._hosts):
            try:
                connection = await self._open(settings, seconds, host=host, port=port)
            except (OSError, TimeoutError, *_OTHER_HOST) as error:
                failure = failure or error
            else:
                self._prefer((host, port))
                return connection
        if failure is not None:
            raise failure
        return await self._open(settings, seconds)

    def _prefer(self, host: tuple[str, int]) -> None:
        # The one that answered is asked first the next time, until it does not.
        self._hosts.sort(key=lambda other: other != host)

    async def _open(
        self, settings: dict[str, str], seconds: float, **where: str | int
    ) -> asyncpg.Connection:
        if self._target.must_write:
            where["target_session_attrs"] = "read-write"
        return await asyncpg.connect(
            self._target.url,
            timeout=seconds,
            statement_cache_size=0,  # `Link` keeps its own.
            server_settings=NAME | settings,
            **where,
        )


_OTHER_HOST = (
    asyncpg.TargetServerAttributeNotMatched,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ConnectionDoesNotExistError,
)
"""Answers of one host after which another may still be able to serve."""
