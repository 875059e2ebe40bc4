"""Who am I."""

from starlette.responses import Response

from keystead.web.access import SIGNED_IN, Routes
from keystead.web.call import Call
from keystead.web.shapes import ProfileAnswer, SessionShape, UserShape, reply

routes = Routes()


@routes.add("GET", "/profile", access=SIGNED_IN, answer=ProfileAnswer, tags=["profile"])
async def get_profile(call: Call) -> Response:
    """Return the caller's account and current session, and slide the session."""
    return reply(
        ProfileAnswer(
            message="Profile fetched",
            user=UserShape.of(call.actor.user),
            session=SessionShape.of(call.actor.session),
        )
    )
