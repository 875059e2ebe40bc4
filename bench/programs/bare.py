"""
An empty function on the server of `keystead serve`, with whatever options that command gives it.

python -m bench.programs.bare serve --port 3020

With `--set-up-as-keystead` before `serve`, the process is also prepared as Keystead prepares its
own (threads, scheduling, log), so that nothing but the application is different.
"""

import importlib
import json
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from granian import Granian
from starlette.types import Receive, Scope, Send

from keystead.cli import main

SET_UP = "--set-up-as-keystead"

BODY = json.dumps({"message": "Profile fetched", "filler": "x" * 620}).encode()
"""As long as a profile."""

HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(BODY)).encode()),
]


NOBODY = "0199c0de-7a11-7b0b-9c5e-3f2a6c1d9e42"
IDENTITY = [
    (b"x-user-id", NOBODY.encode()),
    (b"x-user-role", b"user"),
    (b"x-session-id", NOBODY.encode()),
]
"""As many headers as say who it is, for `/auth/verify`; those that every answer has are left out."""


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer everything with the same bytes, and `/auth/verify` without any."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/auth/verify":
        await send({"type": "http.response.start", "status": 204, "headers": IDENTITY})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


def load_bare(_: Callable[[], object]) -> Callable[..., Any]:
    """Return the empty function, and leave the process as the server made it."""
    return bare


def load_bare_as_keystead(load_keystead: Callable[[], object]) -> Callable[..., Any]:
    """Prepare the process as for Keystead, then forget the application."""
    load_keystead()
    return bare


def serve_with(load: Callable[[Callable[[], object]], Callable[..., Any]]) -> None:
    """
    Run `keystead serve` as the command line says, with another application in its processes.

    Args:
        load: makes that application in each process, given what would have made Keystead's.

    """

    class OtherGranian(Granian):  # type: ignore[misc, valid-type] # one of two classes, by the build
        def serve(self, *, target_loader: Callable[[], object], wrap_loader: bool) -> None:
            super().serve(target_loader=partial(load, target_loader), wrap_loader=wrap_loader)

    command = importlib.import_module("keystead.cli.serve")
    assert command.Granian is Granian
    vars(command)["Granian"] = OtherGranian
    main()


if __name__ == "__main__":
    is_set_up = SET_UP in sys.argv
    if is_set_up:
        sys.argv.remove(SET_UP)
    serve_with(load_bare_as_keystead if is_set_up else load_bare)
