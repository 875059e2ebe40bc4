"""Registering, signing in, refreshing, signing out."""

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
    Throttled,
    Unauthenticated,
)
from keystead.flows.login import login
from keystead.flows.logout import logout
from keystead.flows.reauthenticate import reauthenticate
from keystead.flows.refresh import refresh
from keystead.flows.register import sign_up
from keystead.web.access import PUBLIC, SIGNED_IN, Routes
from keystead.web.call import Call
from keystead.web.csrf import add_token, check_token
from keystead.web.errors import CsrfTokenInvalid, problem
from keystead.web.replies import farewell, reply
from keystead.web.shapes import (
    CredentialsBody,
    LoginAnswer,
    Message,
    PasswordBody,
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
    refuses=(*PASSWORD_FAULTS, EmailTaken, Throttled, HashingBusy),
    tags=["auth"],
)
async def post_register(call: Call, body: CredentialsBody) -> Response:
    """Make an account. Its role is always `user`."""
    user = await sign_up(call.tools, body.email, body.password, call.now)
    message = "User registered successfully"
    return reply(UserAnswer(message=message, user=UserShape.of(user)), 201)


@routes.add(
    "POST",
    "/auth/login",
    access=PUBLIC,
    answer=LoginAnswer,
    refuses=(InvalidCredentials, Throttled, HashingBusy),
    tags=["auth"],
)
async def post_login(call: Call, body: CredentialsBody) -> Response:
    """Sign in. Opens a session and sets both cookies, ending the session the browser held before."""
    pair = await login(call.tools, body.email, body.password, call.now)
    call.trace.user_id = pair.signed_in.user.id
    answer = LoginAnswer(
        message="Login successful",
        access_token=pair.access_token,
        user=UserShape.of(pair.signed_in.user),
    )
    cookies = call.context.cookies
    device = cookies.set_device(pair.device_token) if pair.device_token else None
    response = reply(answer, cookie=cookies.set(pair, call.now), device_cookie=device)
    return add_token(call, response, pair.signed_in.session.id)


@routes.add(
    "POST",
    "/auth/refresh",
    access=PUBLIC,
    answer=RefreshAnswer,
    refuses=(
        RefreshMissing,
        RefreshInvalid,
        RefreshSuperseded,
        RefreshReused,
        SessionEnded,
        CsrfTokenInvalid,
    ),
    tags=["auth"],
)
async def post_refresh(call: Call) -> Response:
    """Swap the refresh cookie for its successor, and get a new access token."""
    if call.refresh_cookie is None:
        raise RefreshMissing
    check_token(call)
    try:
        pair = await refresh(call.tools, call.refresh_cookie, call.now)
    except (SessionEnded, RefreshReused) as fault:
        # This cookie will never work again. One that was only superseded must stay: the winner of
        # the race has just set its successor.
        response = problem(fault, call.trace, has_hint=call.context.has_hints)
        response.headers["set-cookie"] = call.context.cookies.clear()
        return response
    call.trace.user_id = pair.signed_in.user.id
    answer = RefreshAnswer(message="Token refreshed", access_token=pair.access_token)
    response = reply(answer, cookie=call.context.cookies.set(pair, call.now))
    return add_token(call, response, pair.signed_in.session.id)


@routes.add(
    "POST",
    "/auth/logout",
    access=PUBLIC,
    answer=Message,
    refuses=(CsrfTokenInvalid,),
    tags=["auth"],
)
async def post_logout(call: Call) -> Response:
    """Sign out, with the cookie, the bearer token or both; always succeeds and clears the cookie."""
    check_token(call)
    try:
        bearer = call.head.bearer
    except Unauthenticated:
        bearer = None
    await logout(call.tools, bearer, call.refresh_cookies, call.now)
    return farewell(Message(message="user logged out."), call.context.cookies.clear())


@routes.add(
    "POST",
    "/auth/reauthenticate",
    access=SIGNED_IN,
    answer=Message,
    refuses=(InvalidCredentials, Throttled, HashingBusy),
    tags=["auth"],
)
async def post_reauthenticate(call: Call, body: PasswordBody) -> Response:
    """Prove the password again, for what asks for a recent sign-in. The tokens stay as they are."""
    await reauthenticate(call.tools, call.actor, body.password, call.now)
    return reply(Message(message="Password confirmed"))
