"""
Notes: a small service that leaves accounts and sessions to Keystead. README.md says how to run it.

Three ways to ask who is there, one for each route: by the token alone, by asking Keystead as well, and
for admins only.
"""

import os
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI
from pydantic import BaseModel, Field

from keystead.client import Identity, Verifier
from keystead.client.fastapi import SignedIn

keystead = Verifier(os.environ.get("KEYSTEAD_URL", "http://127.0.0.1:3020"))

Anybody = Annotated[Identity, Depends(SignedIn(keystead))]
"""Whoever has a good token. A session that ended a moment ago is noticed when the token expires."""

AnybodyNow = Annotated[Identity, Depends(SignedIn(keystead, strict=True))]
"""Whoever has a live session at this very moment."""

Admin = Annotated[Identity, Depends(SignedIn(keystead, role="admin"))]
"""Whoever is an admin at this very moment."""


class Note(BaseModel):
    """What somebody wants to remember."""

    text: str = Field(max_length=1000)


notes: defaultdict[str, list[str]] = defaultdict(list)
"""The id of an account -> its notes; gone when the service stops."""


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Close the connections to Keystead at the end."""
    async with keystead:
        yield


app = FastAPI(title="Notes", lifespan=lifespan)


@app.get("/notes")
async def get_notes(who: Anybody) -> list[str]:
    """Return one's own notes."""
    return notes[who.user_id]


@app.post("/notes", status_code=201)
async def post_note(who: Anybody, note: Note) -> list[str]:
    """Add one."""
    notes[who.user_id].append(note.text)
    return notes[who.user_id]


@app.delete("/notes")
async def delete_notes(who: AnybodyNow) -> int:
    """Remove all of one's own: somebody who was signed out a second ago may not. Returns: how many."""
    return len(notes.pop(who.user_id, []))


@app.get("/people")
async def get_people(_: Admin) -> dict[str, int]:
    """Say how many notes each has."""
    return {user_id: len(texts) for user_id, texts in notes.items()}
