"""MongoDB as its tests look at it: a store on a server, and what that server is told."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from keystead.domain.user import EmailAddress, PasswordHash, Role, Status, UserQuery
from keystead.store import mongo_connection
from keystead.store.mongo import MongoStore
from keystead.store.mongo_url import client_options
from tests.databases.mongo import Document
from tests.store.samples import HASH, IDLE, NOW, added, new_session, opened, opened_until

POOL = 100
"""As many as the contract has callers: the stand-in is slow, and none is to wait in line for it."""

LATER = NOW + timedelta(minutes=1)

Recorded = list[tuple[str, Document]]


@asynccontextmanager
async def open_mongo(url: str, pool: int = POOL) -> AsyncIterator[MongoStore]:
    store = MongoStore(url, pool)
    try:
        await store.open()
        yield store
    finally:
        await store.close()


class Listener(CommandListener):
    """Keeps what a client says to its server: the name of each command, and the whole of it."""

    def __init__(self) -> None:
        self.said: Recorded = []

    def started(self, event: CommandStartedEvent) -> None:
        self.said.append((event.command_name, dict(event.command)))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass


@contextmanager
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorded]:
    """Record what stores that are opened meanwhile say."""
    listener = Listener()

    def overheard(*arguments: Any, **named: Any) -> dict[str, Any]:
        return {**client_options(*arguments, **named), "event_listeners": [listener]}

    with monkeypatch.context() as patch:
        patch.setattr(mongo_connection, "client_options", overheard)
        yield listener.said


async def use_every_verb(store: MongoStore) -> None:
    """Call each verb where it finds something to do."""
    ada = await added(store, "ada@example.com", Role.ADMIN)
    await added(store, "ann@example.com", Role.ADMIN)
    bob = await added(store)
    await store.check()
    await store.find_user(bob.id)
    await store.find_credentials(bob.email)
    for query in (
        UserQuery(10),
        UserQuery(10, EmailAddress("a@example.com"), "b", Role.USER, Status.ACTIVE),
    ):
        await store.list_users(query)
    await store.has_admin()
    await store.replace_password_hash(bob.id, HASH, PasswordHash("new", 1))
    session = await opened(store, bob)
    assert await store.open_session(new_session(bob, LATER), cap=2, record=None)
    assert await store.open_session(new_session(bob, LATER), cap=2, record=None)
    session = await opened(store, bob, LATER)
    await store.find_session(session.id)
    await store.list_sessions(bob.id, NOW)
    await store.touch_session(session.id, LATER, LATER + IDLE)
    await store.rotate_refresh_token(session.id, 0, LATER, LATER + IDLE)
    await store.rotate_refresh_token(session.id, 0, LATER, LATER + IDLE)
    await store.close_sessions(bob.id, keep=session.id, record=None)
    await store.close_session(session.id, bob.id, record=None)
    await opened_until(store, bob, NOW)
    assert await store.purge_expired(NOW, 5) == 1
    await store.take_lease("upkeep", "one", NOW, LATER)
    await store.bind_secrets("print")
    await store.find_fingerprint()
    await store.change_role(bob.id, Role.ADMIN, LATER, record=None)
    await store.change_role(ada.id, Role.USER, LATER, record=None)
    await store.change_status(bob.id, Status.DISABLED, LATER, record=None)
    await store.change_status(bob.id, Status.ACTIVE, LATER, record=None)
    assert await store.delete_user(bob.id, record=None)
