"""Who am I."""

from functools import lru_cache

from starlette.responses import Response

from keystead.domain.permissions import Actor
from keystead.web.access import SIGNED_IN, Routes
from keystead.web.call import Call
from keystead.web.replies import Reply, text_of
from keystead.web.shapes import ProfileAnswer, SessionShape, UserShape

routes = Routes()

REMEMBERED = 4096
"""Answers kept as text, about 3 MiB when full: those to the sessions in use."""


@routes.add("GET", "/profile", access=SIGNED_IN, answer=ProfileAnswer, tags=["profile"])
async def get_profile(call: Call) -> Response:
    """Return the caller's account and current session, and slide the session."""
    return Reply(_text(call.actor))


@lru_cache(REMEMBERED)
def _text(actor: Actor) -> bytes:
    # This is asked again and again, and both change once a minute at most.
    return text_of(
        ProfileAnswer(
            message="Profile fetched",
            user=UserShape.of(actor.user),
            session=SessionShape.of(actor.session),
        )
    )
