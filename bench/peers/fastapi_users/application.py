"""
FastAPI Users as its documentation sets it up: SQLAlchemy, the database strategy, bearer tokens.

Everything not named here is its default: Argon2id as pwdlib chooses it, a token of 43 characters that
is looked up on every request, then its user. Sources, below https://fastapi-users.github.io/fastapi-users/latest/:
configuration/full-example/, configuration/authentication/strategies/database/ and
configuration/authentication/transports/bearer/.
"""

import os
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport
from fastapi_users.authentication.strategy.db import AccessTokenDatabase, DatabaseStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users_db_sqlalchemy.access_token import (
    SQLAlchemyAccessTokenDatabase,
    SQLAlchemyBaseAccessTokenTableUUID,
)
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

# Of a server that lives for minutes.
SECRET = "0123456789abcdef0123456789abcdef"
LIFETIME_SECONDS = 14 * 24 * 3600


class Base(DeclarativeBase):
    """The tables."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """A person."""


class AccessToken(SQLAlchemyBaseAccessTokenTableUUID, Base):
    """A session."""


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    """What must be given: two secrets."""

    reset_password_token_secret = SECRET
    verification_token_secret = SECRET


class UserRead(schemas.BaseUser[uuid.UUID]):
    """What is shown."""


class UserCreate(schemas.BaseUserCreate):
    """What is sent to sign up."""


class UserUpdate(schemas.BaseUserUpdate):
    """What may be changed."""


IN_A_FILE = f"sqlite+aiosqlite:///{os.environ['PEER_FOLDER']}/fastapi-users.db"
URL = os.environ.get("PEER_DATABASE_URL", IN_A_FILE)
engine = create_async_engine(URL.replace("postgresql:", "postgresql+asyncpg:"))
session_maker = async_sessionmaker(engine, expire_on_commit=False)


def _use_wal(connection, _) -> None:  # noqa: ANN001 - of two libraries, neither typed here.
    # https://docs.sqlalchemy.org/en/20/dialects/sqlite.html shows how PRAGMAs are set. `synchronous`
    # stays FULL, SQLite's default: what was committed survives a power cut, as in Keystead.
    connection.execute("PRAGMA journal_mode = WAL")


if URL == IN_A_FILE:
    event.listen(engine.sync_engine, "connect", _use_wal)


async def get_session() -> AsyncGenerator[AsyncSession, None]:
    """Give a request its session of SQLAlchemy."""
    async with session_maker() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]


async def get_user_db(session: Session) -> AsyncGenerator[SQLAlchemyUserDatabase, None]:
    """Give a request its users."""
    yield SQLAlchemyUserDatabase(session, User)


async def get_access_tokens(
    session: Session,
) -> AsyncGenerator[SQLAlchemyAccessTokenDatabase, None]:
    """Give a request its tokens."""
    yield SQLAlchemyAccessTokenDatabase(session, AccessToken)


async def get_user_manager(
    user_db: Annotated[SQLAlchemyUserDatabase, Depends(get_user_db)],
) -> AsyncGenerator[UserManager, None]:
    """Give a request its manager."""
    yield UserManager(user_db)


def get_strategy(
    tokens: Annotated[AccessTokenDatabase[AccessToken], Depends(get_access_tokens)],
) -> DatabaseStrategy:
    """Look every token up."""
    return DatabaseStrategy(tokens, lifetime_seconds=LIFETIME_SECONDS)


backend = AuthenticationBackend(
    name="database", transport=BearerTransport(tokenUrl="auth/login"), get_strategy=get_strategy
)
users = FastAPIUsers[User, uuid.UUID](get_user_manager, [backend])


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None, None]:
    """Make the tables that are not there."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)
app.include_router(users.get_auth_router(backend), prefix="/auth")
app.include_router(users.get_register_router(UserRead, UserCreate), prefix="/auth")
app.include_router(users.get_users_router(UserRead, UserUpdate), prefix="/users")


@app.get("/ready")
async def get_ready(_: Request) -> dict[str, str]:
    """Say that requests are answered."""
    return {"status": "ready"}
