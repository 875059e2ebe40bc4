"""
Between documents and domain objects.

`_id` is the id; times are BSON dates, which keep milliseconds; a place is a document in its session.
"""

from dataclasses import asdict
from typing import Any

from keystead.domain.session import Client, Device, Place, Session, SignedIn
from keystead.domain.user import (
    Credentials,
    PasswordHash,
    Role,
    Status,
    User,
    UserQuery,
)
from keystead.store.rows import is_text

Document = dict[str, Any]

USER = {"email": 1, "role": 1, "status": 1, "created_at": 1, "updated_at": 1}
"""What is read of a user: never the hash, unless it is asked for."""

USER_BY_EMAIL = {**USER, "password_hash": 1, "pepper_id": 1}

WITH_USER: list[Document] = [
    {"$lookup": {"from": "users", "localField": "user_id", "foreignField": "_id", "as": "user"}},
    {"$project": {"user.password_hash": 0, "user.pepper_id": 0}},
]
"""Joins each session with its user, in one query."""


def exactly(text: str) -> Document:
    """
    Return the condition "is *text*", which is never read as an operator.

    Text that no database can hold, since it has half a character in it, is equal to nothing.
    """
    return {"$eq": text} if is_text(text) else {"$in": []}


def matching(query: UserQuery) -> Document:
    """
    Return the condition of one page of users: a contiguous piece of one index.

    What the addresses begin with is a range, and never a pattern.
    """
    if not is_text(f"{query.after}{query.search}"):
        return {"email": {"$in": []}}
    email: Document = {}
    if query.after is not None and query.after >= (query.search or ""):
        email["$gt"] = query.after
    elif query.search is not None:
        email["$gte"] = query.search
    if query.search is not None:
        # Everything that begins with the text lies between it and it plus the last code point.
        email["$lt"] = f"{query.search}\U0010ffff"
    conditions: Document = {"email": email} if email else {}
    if query.role is not None:
        conditions["role"] = query.role.value
    if query.status is not None:
        conditions["status"] = query.status.value
    return conditions


def user_from(found: Document) -> User:
    """Build a user from a document with the fields of `USER`."""
    return User(
        id=found["_id"],
        email=found["email"],
        role=Role(found["role"]),
        status=Status(found["status"]),
        created_at=found["created_at"],
        updated_at=found["updated_at"],
    )


def credentials_from(found: Document) -> Credentials:
    """Build credentials from a document with the fields of `USER_BY_EMAIL`."""
    return Credentials(user_from(found), PasswordHash(found["password_hash"], found["pepper_id"]))


def session_from(found: Document) -> Session:
    """Build a session from its document."""
    place = found["place"]
    return Session(
        id=found["_id"],
        user_id=found["user_id"],
        generation=int(found["generation"]),
        rotated_at=found["rotated_at"],
        salt=found["salt"],
        created_at=found["created_at"],
        # A version that does not know the field yet may still open sessions beside this one.
        authenticated_at=found.get("authenticated_at") or found["created_at"],
        last_active_at=found["last_active_at"],
        expires_at=found["expires_at"],
        ends_at=found["ends_at"],
        client=Client(
            ip=found["ip"],
            user_agent=found["user_agent"],
            device=Device(found["device"], found["browser"], found["os"]),
            place=None if place is None else Place(**place),
        ),
    )


def signed_in_from(found: Document) -> SignedIn | None:
    """Build a session and its user from a document joined by `WITH_USER`, if there is a user."""
    if not found["user"]:
        return None
    return SignedIn(session_from(found), user_from(found["user"][0]))


def from_user(user: User, password: PasswordHash) -> Document:
    """Return the document of a new user."""
    return {
        "_id": user.id,
        "email": user.email,
        "role": user.role.value,
        "status": user.status.value,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "password_hash": password.text,
        "pepper_id": password.pepper_id,
        "sign_ins": 0,
    }


def from_session(session: Session) -> Document:
    """Return the document of a new session."""
    client, device = session.client, session.client.device
    return {
        "_id": session.id,
        "user_id": session.user_id,
        "generation": session.generation,
        "rotated_at": session.rotated_at,
        "salt": session.salt,
        "created_at": session.created_at,
        "authenticated_at": session.authenticated_at,
        "last_active_at": session.last_active_at,
        "expires_at": session.expires_at,
        "ends_at": session.ends_at,
        "ip": client.ip,
        "user_agent": client.user_agent,
        "device": device.name,
        "browser": device.browser,
        "os": device.os,
        "place": None if client.place is None else asdict(client.place),
    }
