"""
Fill the database: python seed.py SESSIONS TOKENS.

One person signs up and in as everybody does; SQL copies the rows, ten sessions to a user.
"""

import asyncio
import sqlite3

from application import AccessToken, Base, User, UserCreate, UserManager, engine, session_maker
from fastapi_users.authentication.strategy.db import DatabaseStrategy
from fastapi_users.db import SQLAlchemyUserDatabase
from fastapi_users_db_sqlalchemy.access_token import SQLAlchemyAccessTokenDatabase
from filling import FOLDER, PASSWORD, asked_for, copy, hurry, write_seeded


async def make_model() -> None:
    """Sign somebody up and in."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with session_maker() as session:
        manager = UserManager(SQLAlchemyUserDatabase(session, User))
        user = await manager.create(UserCreate(email="model@example.com", password=PASSWORD))
        strategy = DatabaseStrategy(SQLAlchemyAccessTokenDatabase(session, AccessToken))
        await strategy.write_token(user)
    await engine.dispose()


def fill(db: sqlite3.Connection, sessions: int, users: int) -> None:
    """Copy the one user and the one session there are; all sessions are from the last 20 hours."""
    hurry(db)
    identity = "printf('00000000-0000-4000-8000-%012x', {})"
    copy(db, '"user"', {
        "id": identity.format("n + 1"), "email": "'person-' || n || '@example.com'",
    }, users)  # fmt: skip
    copy(db, "accesstoken", {
        # 43 characters, as it makes them; in order, since filling an index at random takes minutes.
        "token": "printf('%08x', n) || lower(hex(randomblob(17))) || 'x'",
        "user_id": identity.format(f"n * 7919 % {users} + 1"),
        "created_at": "strftime('%Y-%m-%d %H:%M:%S.000000', 'now', "
        f"'-' || (72000 - n * 72000 / {sessions}) || ' seconds')",
    }, sessions)  # fmt: skip
    db.execute("ANALYZE")


def main() -> None:
    """Do it, and write what a load generator needs to seeded.json."""
    sessions, tokens, users = asked_for()
    asyncio.run(make_model())
    db = sqlite3.connect(FOLDER / "fastapi-users.db")
    fill(db, sessions, users)
    db.commit()
    chosen = db.execute(
        "SELECT token FROM accesstoken WHERE token LIKE '%x' ORDER BY random() LIMIT ?", (tokens,)
    )
    (password_hash,) = db.execute('SELECT hashed_password FROM "user"').fetchone()
    write_seeded(
        users,
        headers=[f"Authorization: Bearer {token}" for (token,) in chosen],
        password_hash=password_hash,
    )


if __name__ == "__main__":
    main()
