"""
How a peer written in Python fills its database: one person signs up through it, SQL copies the rows.

Runs in that peer's environment, so it imports nothing but the standard library.
"""

import json
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

PASSWORD = "correct horse battery staple"
SESSIONS_PER_USER = 10
PEOPLE = 500
FOLDER = Path(os.environ["PEER_FOLDER"])


def asked_for() -> tuple[int, int, int]:
    """Return how many sessions are to be there, how many of them are used, and how many users."""
    sessions, tokens = map(int, sys.argv[1:])
    return sessions, tokens, max(1, sessions // SESSIONS_PER_USER)


def hurry(db: sqlite3.Connection) -> None:
    """Give up what makes it whole after a crash: then it is filled anew."""
    db.execute("PRAGMA journal_mode = MEMORY")
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -400000")


def copy(db: sqlite3.Connection, table: str, own: dict[str, str], count: int) -> None:
    """Copy the first row of *table*; `n` is the number of the copy, from 0."""
    names = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    columns = ", ".join(f'"{name}"' for name in names)  # One of them is called "primary".
    values = ", ".join(own.get(name, f'model."{name}"') for name in names)
    db.execute(f"""
        WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers LIMIT {count})
        INSERT INTO {table} ({columns})
        SELECT {values} FROM numbers JOIN (SELECT * FROM {table} LIMIT 1) AS model
    """)  # noqa: S608 - made of constants and numbers.


def write_seeded(users: int, **found: Any) -> None:  # noqa: ANN401 - JSON.
    """Write what a load generator needs: *found*, and who can sign in."""
    seeded = {
        **found,
        "emails": [f"person-{n}@example.com" for n in range(min(PEOPLE, users))],
        "password": PASSWORD,
    }
    (FOLDER / "seeded.json").write_text(json.dumps(seeded))
