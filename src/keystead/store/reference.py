"""Reads the database of the reference system, with PyMongo; loaded by the command that imports it."""

import warnings
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any, Self

from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from keystead.domain.errors import StoreDown
from keystead.domain.reference import ReferenceUser
from keystead.store import UnknownDatabase

COLLECTIONS = ("users", "sessions", "refreshtokens")

USUAL_NAME = "test"
"""The database that Mongoose takes if the URL names none."""

WAIT_MS = 5000
"""How long a server is looked for, and waited for in one read."""

# One document that says nonsense must not keep the others from being read.
TOLERANT: CodecOptions[dict[str, Any]] = CodecOptions(
    tz_aware=True,
    unicode_decode_error_handler="surrogateescape",
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)


class ReferenceDatabase:
    """`domain.foreign.ForeignSystem` on MongoDB; use it as an asynchronous context manager."""

    def __init__(self, url: str) -> None:
        # The reason is not passed on: it may quote the password. Of an option that it does not
        # understand the driver only warns.
        try:
            with warnings.catch_warnings(action="error", category=UserWarning):
                self._client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
                    url, serverSelectionTimeoutMS=WAIT_MS, timeoutMS=WAIT_MS
                )
        except (PyMongoError, ValueError, TypeError, UserWarning):
            raise UnknownDatabase(
                "--from is no MongoDB URL that can be read: mongodb://user:password@host/database, "
                "with user and password percent-encoded"
            ) from None
        self._database = self._client.get_default_database(USUAL_NAME, codec_options=TOLERANT)

    async def __aenter__(self) -> Self:
        """Connect with the first read."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._client.close()

    async def count(self) -> dict[str, int]:
        """See `ForeignSystem.count`: documents of users, sessions and refresh tokens."""
        with _translated():
            return {name: await self._database[name].count_documents({}) for name in COLLECTIONS}

    async def users(self) -> AsyncGenerator[ReferenceUser]:
        """See `ForeignSystem.users`: in the order of ids, so the oldest first."""
        fields = ("email", "password", "role", "createdAt", "updatedAt")
        with _translated():
            async for found in self._database["users"].find(projection=fields).sort("_id"):
                yield ReferenceUser(id_of(found), *(found.get(field) for field in fields))


def id_of(document: dict[str, Any]) -> str:
    """Return the document's id as a text that can be printed, whatever it is."""
    return str(document["_id"]).encode(errors="backslashreplace").decode()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise StoreDown from error
