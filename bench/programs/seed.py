"""
Make a database with many sessions in it: python -m bench.programs.seed FOLDER SESSIONS TOKENS.

One person registers and signs in the way everybody does; SQL then copies the two rows, giving each
copy an id, an address, a salt and times of its own. So a new column needs no change here. What a
load generator needs (tokens, addresses, the password) is written to FOLDER/seeded.json.
"""

import asyncio
import json
import sqlite3
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from keystead.assembly import open_tools, system_clock
from keystead.domain.session import Origin, SessionId
from keystead.flows.login import login
from keystead.flows.register import register
from keystead.settings import Settings
from keystead.store.rows import to_millis

EMAIL = "model@example.com"
PASSWORD = "correct horse battery staple"
USER_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0"

SESSIONS_PER_USER = 10
PEOPLE = 500
"""Of those with an account, how many are told to the load generator."""

PAST_MS = 10 * 24 * 3600 * 1000
"""The oldest session began ten days ago; none has been idle for longer than is allowed."""


def uuid7(milliseconds: str) -> str:
    """Return an expression of SQL for a UUID, version 7, as sign-ins make them."""
    return f"""printf('%08x-%04x-7%03x-%04x-%012x', ({milliseconds}) >> 16,
        ({milliseconds}) & 0xffff, random() & 0xfff, 0x8000 | (random() & 0x3fff),
        random() & 0xffffffffffff)"""


def copy(db: sqlite3.Connection, table: str, where: str, own: dict[str, str], count: int) -> None:
    """Copy the one row of *table* that *where* finds; `n` is the number of the copy, from 0."""
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(own.get(column, f"model.{column}") for column in columns)
    db.execute(f"""
        WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers LIMIT {count})
        INSERT INTO {table} ({", ".join(columns)})
        SELECT {values} FROM numbers JOIN (SELECT * FROM {table} WHERE {where}) AS model
    """)  # noqa: S608 - made of constants and numbers.


def fill(path: Path, sessions: int, now: datetime) -> None:
    """Copy the one user and the one session there are, in one transaction."""
    users = max(1, sessions // SESSIONS_PER_USER)
    db = sqlite3.connect(path, isolation_level=None)
    # A database that nobody has to find whole after a crash: it is deleted after the run.
    db.execute("PRAGMA journal_mode = MEMORY")
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -200000")
    db.execute("BEGIN")
    began = f"({to_millis(now) - PAST_MS} + n * {PAST_MS} / {sessions})"
    email = f"email = '{EMAIL}'"
    copy(
        db, "users", email, {"id": uuid7(began), "email": "'person-' || n || '@example.com'"}, users
    )
    db.execute("CREATE TEMP TABLE owners AS SELECT id FROM users ORDER BY id")
    # 7919 is a prime: neighbours in time belong to different users.
    owner = f"(SELECT id FROM owners WHERE rowid = n * 7919 % {users} + 1)"  # noqa: S608 - a number.
    own = {
        "id": uuid7(began),
        "user_id": owner,
        "salt": "randomblob(16)",
        "created_at": began,
        "last_active_at": began,
        "expires_at": f"{began} + model.expires_at - model.created_at",
        "ends_at": f"{began} + model.ends_at - model.created_at",
    }
    copy(db, "sessions", "true", own, sessions)
    db.execute("COMMIT")
    db.close()


def some_sessions(path: Path, count: int) -> list[SessionId]:
    """Choose sessions at random; the one that was copied is not among them."""
    db = sqlite3.connect(path)
    found = db.execute(
        "SELECT id FROM sessions WHERE last_active_at < (SELECT max(last_active_at) FROM sessions)"
        " ORDER BY random() LIMIT ?",
        (count,),
    ).fetchall()
    db.close()
    return [SessionId(id_) for (id_,) in found]


async def make_model(settings: Settings, now: datetime) -> str:
    """Register somebody and sign them in. Returns: the hash of their password."""
    async with open_tools(settings) as tools:
        await register(tools, EMAIL, PASSWORD, now)
        await login(tools.asked_from(Origin("192.0.2.1", USER_AGENT)), EMAIL, PASSWORD, now)
        found = await tools.store.find_credentials(tools.canonical_email(EMAIL))
        assert found is not None
        return found.password.text


async def tokens_of(
    settings: Settings, sessions: list[SessionId], now: datetime
) -> dict[str, list[str]]:
    """Make both tokens of each session, with the keys that the server will have."""
    access: list[str] = []
    refresh: list[str] = []
    async with open_tools(settings) as tools:
        for session_id in sessions:
            found = await tools.store.find_session(session_id)
            assert found is not None
            assert found.is_live(now)
            access.append(tools.access_tokens.issue(found, now))
            refresh.append(tools.refresh_tokens.issue(found.session))
    return {"access_tokens": access, "refresh_tokens": refresh}


async def seed(folder: Path, sessions: int, tokens: int) -> dict[str, Any]:
    """Make the database that the settings name, which must be the one in *folder*."""
    path = folder / "keystead.db"
    settings, now = Settings.load(), system_clock()
    password_hash = await make_model(settings, now)
    fill(path, sessions, now)
    users = max(1, sessions // SESSIONS_PER_USER)
    return {
        **await tokens_of(settings, some_sessions(path, tokens), now),
        "emails": [f"person-{n}@example.com" for n in range(min(PEOPLE, users))],
        "password": PASSWORD,
        "password_hash": password_hash,
    }


if __name__ == "__main__":
    where, how_many, how_many_tokens = sys.argv[1:]
    seeded = asyncio.run(seed(Path(where), int(how_many), int(how_many_tokens)))
    (Path(where) / "seeded.json").write_text(json.dumps(seeded))
