"""PostgreSQL as its tests look at it: stores, the way over a wire, and what reaches the server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

from keystead.store.postgres import PostgresStore
from keystead.store.postgres_connection import Connector
from keystead.store.postgres_pool import Pool
from keystead.store.postgres_runner import Runner
from tests.databases.postgres import PostgresDatabase
from tests.server.fault_proxy import FaultProxy

POOL = 5


@asynccontextmanager
async def open_postgres(url: str, pool: int = POOL) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(url, pool)
    try:
        await store.open()
        yield store
    finally:
        await store.close()


def over(wire: FaultProxy, database: PostgresDatabase) -> str:
    """Return the URL of the same database through the wire."""
    return at_port(database.url, wire.port)


def at_port(url: str, port: int) -> str:
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{port}"))


def pool_of(store: PostgresStore) -> Pool:
    return runner_of(store)._pool


def runner_of(store: PostgresStore) -> Runner:
    assert store._runner is not None
    return store._runner


def connector_of(store: PostgresStore) -> Connector:
    return pool_of(store).connector


@asynccontextmanager
async def all_taken(store: PostgresStore) -> AsyncIterator[None]:
    """Keep every connection of *store* busy meanwhile."""
    pool = pool_of(store)
    links = [await pool.take() for _ in range(pool._size)]
    try:
        yield
    finally:
        for link in links:
            pool.give_back(link)
