"""
As bench.programs.seed, in PostgreSQL: python -m bench.programs.seed_postgres FOLDER SESSIONS TOKENS.

The settings name an empty database.
"""

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from bench.programs.seed import (
    EMAIL,
    PASSWORD,
    PAST_MS,
    PEOPLE,
    SESSIONS_PER_USER,
    make_model,
    tokens_of,
)
from keystead.assembly import system_clock
from keystead.domain.session import SessionId
from keystead.settings import Settings
from keystead.store import open_store
from keystead.store.rows import to_millis


def uuid7(milliseconds: str, salt: str) -> str:
    """Return an expression of SQL for a UUID, version 7, of row number `n`."""
    time = f"lpad(to_hex(({milliseconds})::bigint), 12, '0')"
    rest = f"md5('{salt}' || n)"
    return (
        f"left({time}, 8) || '-' || right({time}, 4) || '-7' || substr({rest}, 1, 3) || '-a' || "
        f"substr({rest}, 4, 3) || '-' || substr({rest}, 7, 12)"
    )


async def copy(
    db: asyncpg.Connection, table: str, where: str, own: dict[str, str], count: int
) -> None:
    """Copy the one row of *table* that *where* finds; `n` is the number of the copy, from 0."""
    found = await db.fetch(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name = $1",
        table,
    )
    columns = [row["column_name"] for row in found]
    values = ", ".join(own.get(column, f"model.{column}") for column in columns)
    await db.execute(f"""
        INSERT INTO {table} ({", ".join(columns)})
        SELECT {values} FROM generate_series(0, {count} - 1) AS numbers(n),
            (SELECT * FROM {table} WHERE {where}) AS model
    """)  # noqa: S608 - made of constants and numbers.


async def fill(db: asyncpg.Connection, sessions: int, now: datetime) -> None:
    """Copy the one user and the one session there are, in one transaction."""
    users = max(1, sessions // SESSIONS_PER_USER)
    began = f"({to_millis(now) - PAST_MS}::bigint + n::bigint * {PAST_MS} / {sessions})"
    # 7919 is a prime: neighbours in time belong to different users.
    owner = f"n::bigint * 7919 % {users}"
    of_user = uuid7(f"{to_millis(now) - PAST_MS}", "user")
    async with db.transaction():
        # Every owner is there: asking for each of a million would take longer than all the rest.
        await db.execute("SET LOCAL session_replication_role = replica")
        person = {"id": of_user, "email": "'person-' || n || '@example.com'"}
        await copy(db, "users", f"email = '{EMAIL}'", person, users)
        own = {
            "id": uuid7(began, "session"),
            "user_id": of_user.replace("|| n)", f"|| ({owner}))"),
            "salt": "decode(md5('salt' || n), 'hex')",
            "created_at": began,
            "last_active_at": began,
            "expires_at": f"{began} + model.expires_at - model.created_at",
            "ends_at": f"{began} + model.ends_at - model.created_at",
        }
        await copy(db, "sessions", "true", own, sessions)
    await db.execute("VACUUM ANALYZE")
    await db.execute("CHECKPOINT")


async def some_sessions(db: asyncpg.Connection, count: int) -> list[SessionId]:
    """Choose sessions at random; the one that was copied is not among them."""
    found = await db.fetch(
        "SELECT id FROM sessions WHERE last_active_at < (SELECT max(last_active_at) FROM sessions)"
        " ORDER BY random() LIMIT $1",
        count,
    )
    return [SessionId(row["id"]) for row in found]


async def seed(sessions: int, tokens: int) -> dict[str, Any]:
    """Fill the database that the settings name."""
    settings, now = Settings.load(), system_clock()
    url = settings.database_url.get_secret_value()
    await open_store(url).migrate()
    password_hash = await make_model(settings, now)
    db = await asyncpg.connect(url)
    await fill(db, sessions, now)
    chosen = await some_sessions(db, tokens)
    await db.close()
    users = max(1, sessions // SESSIONS_PER_USER)
    return {
        **await tokens_of(settings, chosen, now),
        "emails": [f"person-{n}@example.com" for n in range(min(PEOPLE, users))],
        "password": PASSWORD,
        "password_hash": password_hash,
    }


if __name__ == "__main__":
    where, how_many, how_many_tokens = sys.argv[1:]
    seeded = asyncio.run(seed(int(how_many), int(how_many_tokens)))
    (Path(where) / "seeded.json").write_text(json.dumps(seeded))
