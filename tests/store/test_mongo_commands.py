"""What the server is really told: how durable, how new, and by which index."""

from typing import Any

import pytest

from keystead.store import UnknownDatabase, open_store
from tests.databases.mongo import Document, MongoDatabase
from tests.store.mongo_servers import Recorded, listening, open_mongo, use_every_verb

WRITES = {"insert", "update", "delete", "findAndModify"}
READS = {"find", "aggregate"}
DURABLE = {"w": "majority", "j": True}
MAJORITY = {"level": "majority"}


@pytest.fixture
async def recorded(mongo: MongoDatabase, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """What is said when each verb is called."""
    with listening(monkeypatch) as said:
        async with open_mongo(f"{mongo.url}?w=majority&retryWrites=true") as store:
            said.clear()
            await use_every_verb(store)
            return said.copy()


def named(said: Recorded, names: set[str]) -> list[Document]:
    found = [command for name, command in said if name in names]
    assert found
    return found


def test_a_write_of_its_own_is_in_the_journal_of_a_majority(recorded: Recorded) -> None:
    for write in named(recorded, WRITES):
        assert "autocommit" in write or write["writeConcern"] == DURABLE, write


def test_so_is_a_transaction_as_a_whole(recorded: Recorded) -> None:
    commits = named(recorded, {"commitTransaction"})

    assert len(commits) >= 8
    assert [commit["writeConcern"] for commit in commits] == [DURABLE] * len(commits)


def test_reads_see_what_a_majority_has(recorded: Recorded) -> None:
    for read in named(recorded, READS):
        assert "autocommit" in read or read["readConcern"]["level"] == "majority", read


def test_a_transaction_reads_one_snapshot(recorded: Recorded) -> None:
    first = [said for _, said in recorded if said.get("startTransaction")]

    assert first
    assert {said["readConcern"]["level"] for said in first} == {"snapshot"}


def test_nothing_is_read_from_a_secondary(recorded: Recorded) -> None:
    for _, command in recorded:
        assert command.get("$readPreference", {"mode": "primary"}) == {"mode": "primary"}


def test_a_write_that_may_be_repeated_has_a_number(recorded: Recorded) -> None:
    for write in named(recorded, WRITES):
        assert "txnNumber" in write, write


def test_no_command_changes_from_one_attempt_to_the_next(recorded: Recorded) -> None:
    assert not [command for _, command in recorded if "maxTimeMS" in command]


def test_a_session_and_its_user_are_one_query(recorded: Recorded) -> None:
    joins = named(recorded, {"aggregate"})

    assert [join["aggregate"] for join in joins] == ["sessions"] * len(joins)


def test_no_pattern_and_no_code_is_ever_sent(recorded: Recorded) -> None:
    for _, command in recorded:
        assert not {"$regex", "$where", "$expr", "$function"} & set(_keys(command))


def test_every_query_goes_by_an_index(mongo: MongoDatabase, recorded: Recorded) -> None:
    queries = [query for name, command in recorded for query in _queries(name, command)]
    assert len(queries) > 30
    is_stand_in = "secantusVersion" in mongo.db.client.server_info()
    # The stand-in picks an index, but does not see that what it finds there is in order already.
    never = {"COLLSCAN"} if is_stand_in else {"COLLSCAN", "SORT"}
    for query in queries:
        if not query["filter"] and "sort" not in query:
            continue  # Readiness takes the first user it comes across.
        if is_stand_in and ("_id" in query["filter"] or query["find"] != "users"):
            continue  # Its planner combines no two conditions, but for those of a list of users.
        plan = mongo.db.command({"explain": query, "verbosity": "queryPlanner"})
        stages = {stage for key, stage in _items(plan) if key == "stage"}
        assert not stages & never, (query, stages)
        assert any(stage.startswith(("IXSCAN", "IDHACK", "EXPRESS")) for stage in stages), query


def _queries(name: str, command: Document) -> list[Document]:
    """Return what a command looks for, as a `find`, which every server explains."""
    match name:
        case "find":
            kept = {"find", "filter", "sort", "skip", "limit", "projection"}
            return [{key: value for key, value in command.items() if key in kept}]
        case "aggregate":
            return [{"find": command[name], "filter": command["pipeline"][0]["$match"]}]
        case "findAndModify":
            return [{"find": command[name], "filter": command["query"]}]
        case "update" | "delete":
            return [{"find": command[name], "filter": one["q"]} for one in command[f"{name}s"]]
        case _:
            return []


@pytest.mark.parametrize(
    "option",
    [
        *("w=1", "w=0", "w=2", "journal=false", "readConcernLevel=local"),
        *("readConcernLevel=available", "readPreference=secondary", "READPREFERENCE=nearest"),
        *("readPreferenceTags=dc:ny", "maxStalenessSeconds=90", "retryWrites=false"),
        *("timeoutMS=100", "w=", "w=majority&w=1"),
    ],
)
def test_a_url_that_asks_for_less_is_refused(option: str) -> None:
    url = f"mongodb://bob:hunter2@db.example.com/keystead?{option}"
    with pytest.raises(UnknownDatabase, match="leave it out") as refusal:
        open_store(url)

    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://bob:hun/ter2@db.example.com/keystead",
        "mongodb://bob:hunter2:x@db.example.com/keystead",
        "mongodb://",
        "mongodb:///keystead",
        "mongodb://db.example.com:port/keystead",
        "mongodb://db.example.com/a.b",
        "mongodb+srv://bob:hunter2@db.example.com:27017/keystead",
    ],
)
async def test_a_url_that_cannot_be_read_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(UnknownDatabase) as refusal:
        await open_store(url).open()

    assert "hun" not in str(refusal.value)


async def test_times_and_sizes_of_the_url_do_not_hold(mongo: MongoDatabase) -> None:
    options = (
        "maxPoolSize=1000&socketTimeoutMS=0&serverSelectionTimeoutMS=90000&waitQueueTimeoutMS=90000"
    )
    async with open_mongo(f"{mongo.url}?{options}", pool=3) as store:
        db = store._connection._db
        assert db is not None
        said = db.client.options

    assert said.pool_options.max_pool_size == 3
    assert said.pool_options.socket_timeout == 4
    assert said.pool_options.wait_queue_timeout == 2
    assert said.server_selection_timeout == 2


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("mongodb://db", "keystead"),
        ("mongodb://db/", "keystead"),
        ("mongodb://db/accounts", "accounts"),
        ("mongodb://a:1,b:2,[::1]:3/accounts?replicaSet=rs0", "accounts"),
    ],
)
async def test_the_path_names_the_database(url: str, name: str) -> None:
    store = open_store(url)
    connection = store._connection  # type: ignore[attr-defined]
    connection.open()
    try:
        assert connection._db.name == name
    finally:
        await store.close()


def _items(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [*value.items(), *(item for one in value.values() for item in _items(one))]
    if isinstance(value, list):
        return [item for one in value for item in _items(one)]
    return []


def _keys(value: Any) -> list[str]:
    return [key for key, _ in _items(value)]
