"""
MongoDB for the tests: the server of `TEST_MONGO_URL`, or else SecantusDB as a stand-in.

The stand-in speaks MongoDB's protocol and keeps what it is told with WiredTiger, as MongoDB does. It
is a process of its own, with an empty folder, on a free port of loopback. A green run on it is no
proof for MongoDB: docs/decisions/0010-mongodb.md says what was run on what.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import bson
import pymongo
from bson.codec_options import CodecOptions
from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from keystead.store import open_store
from tests.databases import TABLES, NoServer, Row

Document = dict[str, Any]

LAUNCHER = Path(__file__).with_name("mongo_stand_in.py")

START_SECONDS = 40
STOP_SECONDS = 20
PATIENCE_SECONDS = 5
"""For what may have to wait for somebody who is gone."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = {
    *("created_at", "updated_at", "last_active_at", "expires_at", "ends_at", "rotated_at"),
    *("authenticated_at", "until", "at"),
}
OF_THE_PRODUCT = {
    "users": ["sign_ins"],
    "audit": ["untrimmed"],
    "installation": ["schema", "admins"],
}
"""Fields of users and records, and documents of the installation, that no other database has."""
NOT_YET = {"seq": None, "chain": None}
"""Fields that a record has none of before it is sealed."""

ANY_COMMAND = [
    *("find", "aggregate", "insert", "update", "delete", "findAndModify"),
    *("commitTransaction", "hello"),
]
NOT_AUTHORIZED = 13


class StandIn:
    """A process of SecantusDB, which can be stopped, killed, and started again on the same port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        self.port = free_port()
        self.url = f"mongodb://127.0.0.1:{self.port}/"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return once it answers."""
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        arguments = ["--port", str(self.port), "--storage-path", str(data), *self.options]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", LAUNCHER, *arguments],
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        with closing(client(self.url, START_SECONDS)) as waiting:
            waiting.admin.command("ping")

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        if number == signal.SIGSTOP:
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it, and return once it is gone."""
        if self._process is None:
            return
        self.send(number)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


@contextmanager
def stand_in(folder: Path, *options: str) -> Iterator[StandIn]:
    """Start one, and stop it afterwards."""
    if find_spec("secantus") is None:
        raise NoServer(
            "no MongoDB: TEST_MONGO_URL is not set, and the stand-in is not installed here "
            "(make test STORE=mongo installs it on Linux with an x86-64 processor)"
        )
    server = StandIn(folder, "--enable-test-commands", *options)
    try:
        server.start()
        yield server
    except ConnectionFailure as error:
        log = (folder / "log").read_text(errors="replace")[-2000:]
        raise NoServer(f"the stand-in for MongoDB did not start: {log}") from error
    finally:
        server.stop()


class MongoDatabase:
    """See `tests.databases.Database`."""

    folder = Path()

    def __init__(self, url: str, client: MongoClient[Document]) -> None:
        self._url = url
        self._client = client
        codec: CodecOptions[Document] = CodecOptions(tz_aware=True, tzinfo=UTC)
        self.db = client.get_database(urlsplit(url).path.strip("/"), codec)

    @property
    def url(self) -> str:
        return self._url

    def rows(self, table: str, **where: object) -> list[Row]:
        found = self.db[table].find(_document(table, where)).sort("_id", 1)
        return [
            _row(table, document)
            for document in found
            if document["_id"] not in OF_THE_PRODUCT["installation"]
        ]

    def add(self, table: str, rows: list[Row]) -> None:
        documents = [_document(table, row) for row in rows]
        if table == "audit":
            documents = [
                {name: value for name, value in one.items() if (name, value) not in NOT_YET.items()}
                for one in documents
            ]
        self.db[table].insert_many(documents)

    def change(self, table: str, where: Mapping[str, object], **values: object) -> int:
        changes = {"$set": _document(table, values)}
        return self.db[table].update_many(_document(table, where), changes).matched_count

    def remove(self, table: str, **where: object) -> int:
        return self.db[table].delete_many(self._of_tests(_document(table, where))).deleted_count

    def everything(self) -> bytes:
        return b"".join(
            bson.encode(document)
            for name in self.db.list_collection_names()
            for document in self.db[name].find()
        )

    def tables(self) -> set[str]:
        return set(self.db.list_collection_names())

    def damage(self) -> list[str]:
        return []

    @contextmanager
    def broken(self) -> Iterator[str]:
        """Take away the rights to every command: the server is there, and refuses."""
        with self.failing("alwaysOn", failCommands=ANY_COMMAND, errorCode=NOT_AUTHORIZED):
            yield "failCommand"

    @contextmanager
    def failing(self, mode: str | Mapping[str, int], **data: object) -> Iterator[None]:
        """Let commands of the program fail: *mode* is "alwaysOn" or {"times": n}."""
        fail = {"configureFailPoint": "failCommand"}
        try:
            self._client.admin.command(
                {**fail, "mode": mode, "data": {"appName": "keystead", **data}}
            )
        except OperationFailure as error:
            raise NoServer(
                "this MongoDB fails on demand only if it was started with "
                "--setParameter enableTestCommands=1"
            ) from error
        try:
            yield
        finally:
            self._client.admin.command({**fail, "mode": "off"})

    def empty(self) -> None:
        for table in TABLES:
            self.db[table].delete_many(self._of_tests({}))

    @staticmethod
    def _of_tests(where: Document) -> Document:
        return {"$and": [where, {"_id": {"$nin": OF_THE_PRODUCT["installation"]}}]}


class MongoServer:
    """See `tests.databases.Server`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = client(url)
        self._names: list[str] = []
        self._free: list[MongoDatabase] = []

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[MongoDatabase]:
        database = self._emptied() or self._migrated()
        database.folder = folder
        try:
            yield database
        finally:
            self._free.append(database)

    def _emptied(self) -> MongoDatabase | None:
        # A program that was killed may have left a transaction, and with it documents that nobody
        # else can remove for a minute: that database is not used again.
        while self._free:
            database = self._free.pop()
            with suppress(PyMongoError), pymongo.timeout(PATIENCE_SECONDS):
                database.empty()
                return database
        return None

    def _migrated(self) -> MongoDatabase:
        database = self.unmigrated()
        migrate(database.url)
        return database

    def unmigrated(self) -> MongoDatabase:
        """Name a database that nobody has used; it goes with the server's end."""
        name = f"keystead_test_{uuid4().hex}"
        self._names.append(name)
        return MongoDatabase(urlunsplit(urlsplit(self.url)._replace(path=f"/{name}")), self.client)

    def drop_all(self) -> None:
        for name in self._names:
            with suppress(PyMongoError), pymongo.timeout(PATIENCE_SECONDS):
                self.client.drop_database(name)

    def close(self) -> None:
        self.client.close()


@contextmanager
def serving(folder: Path) -> Iterator[MongoServer]:
    """
    Start a server for this test process, or take the one that is named.

    Raises: NoServer.
    """
    given = os.environ.get("TEST_MONGO_URL")
    if given:
        with closing(MongoServer(given)) as server, the_past_spared(server.client):
            yield server
            server.drop_all()
        return
    with stand_in(folder) as started, closing(MongoServer(started.url)) as server:
        yield server


def migrate(url: str) -> None:
    """Migrate on an event loop of its own, whether or not one is running here."""

    async def bring_up_to_date() -> None:
        await open_store(url).migrate()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, bring_up_to_date()).result()


@contextmanager
def the_past_spared(client: MongoClient[Document]) -> Iterator[None]:
    """Keep a real server from removing what is long over meanwhile; the stand-in does not anyhow."""
    sweeping = {"setParameter": 1, "ttlMonitorEnabled": True}
    client.admin.command({**sweeping, "ttlMonitorEnabled": False})
    try:
        yield
    finally:
        client.admin.command(sweeping)


def client(url: str, patience_seconds: float = 10) -> MongoClient[Document]:
    """Look at it from beside the program, with the same durability."""
    return MongoClient(
        url,
        appname="tests",
        w="majority",
        journal=True,
        readConcernLevel="majority",
        serverSelectionTimeoutMS=round(patience_seconds * 1000),
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _key(table: str) -> str:
    return "id" if table in {"users", "sessions", "attempts", "audit"} else "name"


def _document(table: str, row: Mapping[str, object]) -> Document:
    document = {name: _stored(name, value) for name, value in row.items()}
    key = _key(table)
    return {"_id": document.pop(key), **document} if key in document else document


def _row(table: str, document: Document) -> Row:
    hidden = OF_THE_PRODUCT.get(table, [])
    row = {name: _shown(value) for name, value in document.items() if name not in hidden}
    empty = NOT_YET if table == "audit" else {}
    return {_key(table): row.pop("_id"), **empty, **row}


def _stored(name: str, value: Any) -> Any:
    if name in TIMES and value is not None:
        return EPOCH + timedelta(milliseconds=value)
    return json.loads(value) if name == "place" and value is not None else value


def _shown(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(milliseconds=1)
    return json.dumps(value) if isinstance(value, dict) else value
