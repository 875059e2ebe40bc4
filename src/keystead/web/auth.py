"""Registering, signing in, refreshing, signing out."""

from dataclasses import replace

from starlette.responses import Response

from keystead.domain.errors import (
    EmailTaken,
    HashingBusy,
    InvalidCredentials,
    PasswordBlocklisted,
    PasswordPredictable,
    PasswordTooLong,
    PasswordTooShort,
    RefreshInvalid,
    RefreshMissing,
    RefreshReused,
    RefreshSuperseded,
    SessionEnded,
    Unauthenticated,
)
from keystead.flows.login import login
from keystead.flows.logout import logout
from keystead.flows.refresh import refresh
from keystead.flows.register import register
from keystead.web.access import PUBLIC, Routes
from keystead.web.call import Call
from keystead.web.errors import problem
from keystead.web.replies import reply
from keystead.web.shapes import (
    CredentialsBody,
    LoginAnswer,
    Message,
    RefreshAnswer,
    UserAnswer,
    UserShape,
)

routes = Routes()

PASSWORD_FAULTS = (PasswordTooShort, PasswordTooLong, PasswordBlocklisted, PasswordPredictable)


@routes.add(
    "POST",
    "/auth/register",
    access=PUBLIC,
    answer=UserAnswer,
    status=201,
    refuses=(*PASSWORD_FAULTS, EmailTaken, HashingBusy),
    tags=["auth"],
)
async def post_register(call: Call, body: CredentialsBody) -> Response:
    """Make an account. Its role is always `user`."""
    user = await register(call.tools, body.email, body.password, call.now)
    message = "User registered successfully"
    return reply(UserAnswer(message=message, user=UserShape.of(user)), 201)


@routes.add(
    "POST",
    "/auth/login",
    access=PUBLIC,
    answer=LoginAnswer,
    refuses=(InvalidCredentials, HashingBusy),
    tags=["auth"],
)
async def post_login(call: Call, body: CredentialsBody) -> Response:
    """Sign in. Opens a session and sets the refresh cookie, ending the session it held before."""
    origin = replace(call.origin, refresh_tokens=call.refresh_cookies)
    pair = await login(call.tools, body.email, body.password, origin, call.now)
    call.trace.user_id = pair.signed_in.user.id
    answer = LoginAnswer(
        message="Login successful",
        access_token=pair.access_token,
        user=UserShape.of(pair.signed_in.user),
    )
    return reply(answer, cookie=call.context.cookies.set(pair, call.now))


@routes.add(
    "POST",
    "/auth/refresh",
    access=PUBLIC,
    answer=RefreshAnswer,
    refuses=(RefreshMissing, RefreshInvalid, RefreshSuperseded, RefreshReused, SessionEnded),
    tags=["auth"],
)
async def post_refresh(call: Call) -> Response:
    """Swap the refresh cookie for its successor, and get a new access token."""
    if call.refresh_cookie is None:
        raise RefreshMissing
    try:
        pair = await refresh(call.tools, call.refresh_cookie, call.now)
    except (SessionEnded, RefreshReused) as fault:
        # This cookie will never work again. One that was only superseded must stay: the winner of
        # the race has just set its successor.
        response = problem(fault, call.trace.request_id)
        response.headers["set-cookie"] = call.context.cookies.clear()
        return response
    call.trace.user_id = pair.signed_in.user.id
    answer = RefreshAnswer(message="Token refreshed", access_token=pair.access_token)
    return reply(answer, cookie=call.context.cookies.set(pair, call.now))


@routes.add("POST", "/auth/logout", access=PUBLIC, answer=Message, tags=["auth"])
async def post_logout(call: Call) -> Response:
    """Sign out, with the cookie, the bearer token or both; always succeeds and clears the cookie."""
    try:
        bearer = call.bearer
    except Unauthenticated:
        bearer = None
    await logout(call.tools, bearer, call.refresh_cookies, call.now)
    return reply(Message(message="user logged out."), cookie=call.context.cookies.clear())
