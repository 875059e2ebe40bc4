"""What an error means, told by its code; and an answer that is lost is asked for again, not done."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from pymongo.errors import DuplicateKeyError, OperationFailure

from keystead.domain.errors import StoreDown
from keystead.domain.tokens import Rotated
from keystead.domain.user import Role, Status, User
from keystead.store.mongo import MongoStore
from tests.databases.mongo import MongoDatabase
from tests.store.mongo_proxy import between
from tests.store.mongo_servers import LATER, open_mongo
from tests.store.samples import CAP, HASH, IDLE, NOW, added, new_session, new_user, opened

PASSING = {"LockTimeout": 24, "MaxTimeMSExpired": 50, "WriteConflict": 112}
"""Inside a transaction these are tried again."""

OUT_OF_ORDER = {
    "Unauthorized": 13,
    "BadAuth": 18,
    "IllegalOperation": 20,
    "OutOfDiskSpace": 14031,
    "AtlasError": 8000,
    "a code of the future": 987_654,
}
GONE = {"NotWritablePrimary": 10107, "PrimarySteppedDown": 189, "ShutdownInProgress": 91}
WRONG = {"BadValue": 2, "FailedToParse": 9, "TypeMismatch": 14, "CommandNotFound": 59}

Call = Callable[[MongoStore], Awaitable[object]]
CALLS: dict[str, tuple[str, Call]] = {
    "read": ("find", lambda store: store.check()),
    "write": ("insert", lambda store: store.add_user(new_user(), HASH, record=None)),
    "transaction": ("delete", lambda store: store.close_sessions(new_user().id, record=None)),
    "commit": ("commitTransaction", lambda store: store.delete_user(new_user().id, record=None)),
}


gone = pytest.mark.parametrize(
    ("call", "code"),
    [
        *((call, GONE["NotWritablePrimary"]) for call in CALLS),
        ("write", GONE["PrimarySteppedDown"]),
        ("write", GONE["ShutdownInProgress"]),
    ],
)
"""Each waits for seconds, so not every call meets every code."""


@pytest.fixture
async def store(mongo: MongoDatabase) -> AsyncIterator[MongoStore]:
    async with open_mongo(mongo.url) as store:
        yield store


@pytest.mark.parametrize("code", OUT_OF_ORDER.values(), ids=OUT_OF_ORDER.keys())
@pytest.mark.parametrize("call", CALLS)
async def test_a_server_that_cannot_is_down_and_the_reason_is_kept(
    store: MongoStore, mongo: MongoDatabase, code: int, call: str
) -> None:
    command, ask = CALLS[call]
    with (
        mongo.failing("alwaysOn", failCommands=[command], errorCode=code),
        pytest.raises(StoreDown) as down,
    ):
        await ask(store)

    assert isinstance(down.value.__cause__, OperationFailure)
    await ask(store)


@pytest.mark.parametrize("code", PASSING.values(), ids=PASSING.keys())
@pytest.mark.parametrize("call", ["read", "write"])
async def test_what_passes_is_down_too_where_nothing_is_tried_again(
    store: MongoStore, mongo: MongoDatabase, code: int, call: str
) -> None:
    command, ask = CALLS[call]
    with (
        mongo.failing("alwaysOn", failCommands=[command], errorCode=code),
        pytest.raises(StoreDown),
    ):
        await ask(store)

    await ask(store)


@pytest.mark.parametrize("code", PASSING.values(), ids=PASSING.keys())
@pytest.mark.parametrize("call", ["transaction", "commit"])
async def test_what_passes_inside_a_transaction_is_tried_again(
    store: MongoStore, mongo: MongoDatabase, code: int, call: str
) -> None:
    command, ask = CALLS[call]
    label = "UnknownTransactionCommitResult" if call == "commit" else "TransientTransactionError"
    with mongo.failing({"times": 3}, failCommands=[command], errorCode=code, errorLabels=[label]):
        await ask(store)


@gone
async def test_a_server_that_stays_no_primary_is_down_within_five_seconds(
    store: MongoStore, mongo: MongoDatabase, code: int, call: str
) -> None:
    command, ask = CALLS[call]
    with mongo.failing("alwaysOn", failCommands=[command], errorCode=code):
        async with asyncio.timeout(6):
            with pytest.raises(StoreDown):
                await ask(store)

    async with asyncio.timeout(5):
        await ask(store)


@gone
async def test_a_primary_that_steps_down_once_is_not_noticed(
    store: MongoStore, mongo: MongoDatabase, code: int, call: str
) -> None:
    command, ask = CALLS[call]
    label = "TransientTransactionError" if call == "transaction" else "RetryableWriteError"
    data = {"failCommands": [command], "errorCode": code, "errorLabels": [label]}
    async with asyncio.timeout(5):
        with mongo.failing({"times": 1}, **data):
            await ask(store)


@pytest.mark.parametrize("code", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("call", CALLS)
async def test_a_command_that_is_wrong_is_our_bug(
    store: MongoStore, mongo: MongoDatabase, code: int, call: str
) -> None:
    command, ask = CALLS[call]
    with (
        mongo.failing("alwaysOn", failCommands=[command], errorCode=code),
        pytest.raises(OperationFailure) as bug,
    ):
        await ask(store)

    assert bug.value.code == code


async def test_an_id_that_is_given_out_twice_is_our_bug_and_no_taken_address(
    store: MongoStore,
) -> None:
    bob = await added(store)

    with pytest.raises(DuplicateKeyError):
        await store.add_user(replace(new_user("eve@example.com"), id=bob.id), HASH, record=None)


async def test_a_transaction_that_is_in_the_way_of_another_is_tried_again(
    store: MongoStore, mongo: MongoDatabase
) -> None:
    bob = await added(store)
    with mongo.failing(
        {"times": 5},
        failCommands=["insert"],
        errorCode=112,
        errorLabels=["TransientTransactionError"],
    ):
        session = await opened(store, bob)

    assert await store.list_sessions(bob.id, NOW) == [session]


async def add(store: MongoStore, bob: User) -> None:
    del bob
    assert await store.add_user(new_user("eve@example.com"), HASH, record=None)


async def rotate(store: MongoStore, bob: User) -> None:
    session = await opened(store, bob)
    outcome = await store.rotate_refresh_token(session.id, 0, LATER, LATER + IDLE)
    assert isinstance(outcome, Rotated)
    assert outcome.signed_in.session.generation == 1


async def close(store: MongoStore, bob: User) -> None:
    session = await opened(store, bob)
    assert await store.close_session(session.id, record=None)


async def sign_in(store: MongoStore, bob: User) -> None:
    session = new_session(bob)
    assert await store.open_session(session, CAP, record=None)
    assert await store.list_sessions(bob.id, NOW) == [session]


async def delete(store: MongoStore, bob: User) -> None:
    assert await store.delete_user(bob.id, record=None) == bob


async def demote(store: MongoStore, bob: User) -> None:
    await store.change_role(bob.id, Role.ADMIN, NOW, record=None)
    await added(store, "ada@example.com", Role.ADMIN)
    changed = await store.change_status(bob.id, Status.DISABLED, LATER, record=None)
    assert changed is not None
    assert not changed.is_active


@pytest.mark.parametrize(
    ("command", "act"),
    [
        ("insert", add),
        ("findAndModify", rotate),
        ("delete", close),
        ("commitTransaction", sign_in),
        ("update", sign_in),
        ("insert", sign_in),
        ("commitTransaction", delete),
        ("commitTransaction", demote),
    ],
)
async def test_what_was_done_and_not_answered_is_done_once(
    mongo: MongoDatabase, command: str, act: Callable[[MongoStore, User], Awaitable[None]]
) -> None:
    async with between(mongo.url) as (proxy, url), open_mongo(url) as store:
        bob = await added(store)
        proxy.lose_answer_to(command)

        await act(store, bob)

        assert proxy.has_lost
    for user in mongo.db.users.find({"email": bob.email}):
        assert user["sign_ins"] == (1 if act in {rotate, close, sign_in} else 0)
