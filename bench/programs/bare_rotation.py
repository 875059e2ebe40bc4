"""
What no rotation can do without, on the server of `keystead serve`: a signature and a row on the disk.

Nothing is asked, checked or written besides: no MAC, no log, no user, one small table. As in
Keystead those who come at the same time share a commit, and it is flushed on another thread.

python -m bench.programs.bare_rotation serve --port 3020
"""

import asyncio
import json
import re
import sqlite3
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.types import Receive, Scope, Send

from bench.plan import TOKENS
from bench.programs.bare import HEADERS, serve_with
from bench.servers import COOKIE

SPENT = re.compile(COOKIE.encode() + rb"=(\d+)\.(\d+)")
AS_LONG_AS_CLAIMS = b"x" * 300
BODY_BYTES = int(dict(HEADERS)[b"content-length"])
SIGNATURE = ec.ECDSA(SHA256())


class Rotations:
    """Rows that are written together."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("rotations.db", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("CREATE TABLE sessions (id INTEGER PRIMARY KEY, generation INTEGER)")
        self._db.executemany("INSERT INTO sessions VALUES (?, 0)", [(n,) for n in range(TOKENS)])
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def rotate(self, session: int, generation: int) -> None:
        """Return when it is on the disk."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((session, generation, future))
        if self._task is None:
            self._task = asyncio.create_task(self._write())
        await future

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            self._db.execute("BEGIN IMMEDIATE")
            for session, generation, _ in batch:
                self._db.execute(
                    "UPDATE sessions SET generation = ? + 1 WHERE id = ? AND generation = ?",
                    (generation, session, generation),
                )
            await asyncio.to_thread(self._db.execute, "COMMIT")
            for _, _, future in batch:
                future.set_result(None)
        self._task = None


def load(_: Callable[[], object]) -> Callable[..., Any]:
    """Make the application."""
    key, rotations = ec.generate_private_key(ec.SECP256R1()), Rotations()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        headers, body = list(HEADERS), b" " * BODY_BYTES
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        cookie = dict(scope["headers"]).get(b"cookie", b"")
        if spent := SPENT.search(cookie):
            session, generation = map(int, spent.groups())
            await rotations.rotate(session, generation)
            signature = key.sign(AS_LONG_AS_CLAIMS, SIGNATURE).hex()
            body = json.dumps({"accessToken": signature}).encode().ljust(BODY_BYTES)
            set_cookie = f"{COOKIE}={session}.{generation + 1}; Path=/; HttpOnly; Secure"
            headers.append((b"set-cookie", set_cookie.encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


if __name__ == "__main__":
    serve_with(load)
