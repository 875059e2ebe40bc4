"""
An application with Keystead inside, in one process. docs/how-to/mounting.md says how it is run.

Keystead is at /accounts, with its pages and its API; everything else is this application's own.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI

from keystead.app import create_app
from keystead.client import Identity, Verifier
from keystead.client.fastapi import SignedIn

accounts = create_app("/accounts")

# Asked within the process, without a connection; the name in the URL is one that Keystead serves.
within = httpx.AsyncClient(transport=httpx.ASGITransport(accounts))
keystead = Verifier("http://localhost/accounts", http=within)

Somebody = Annotated[Identity, Depends(SignedIn(keystead, strict=True))]
"""Whoever has a live session at this very moment."""


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Keep Keystead connected for as long as this application serves."""
    async with accounts.running(), keystead:
        yield


# Without its own redirects, which go to whatever host a request names.
app = FastAPI(title="Notes", lifespan=lifespan, redirect_slashes=False)
app.mount(accounts.path, accounts)


@app.get("/")
async def get_start() -> dict[str, str]:
    """Say where to begin."""
    return {"accounts": f"{accounts.path}/account"}


@app.get("/hello")
async def get_hello(who: Somebody) -> dict[str, str | None]:
    """Greet whoever is signed in."""
    return {"hello": who.user_id, "role": who.role}
