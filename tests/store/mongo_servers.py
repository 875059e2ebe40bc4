"""MongoDB as its tests look at it: a store on a server, and what that server is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from keystead.store.mongo import MongoStore

POOL = 10


@asynccontextmanager
async def open_mongo(url: str, pool: int = POOL) -> AsyncIterator[MongoStore]:
    store = MongoStore(url, pool)
    try:
        await store.open()
        yield store
    finally:
        await store.close()
