"""Why a request was refused, and what usually helps, for whoever builds a client; in development only."""

PAGES = {
    401: "docs/errors.md#401-who-is-asking-is-not-known",
    403: "docs/errors.md#403-to-431",
}
"""What explains all codes with such a status."""

HINTS = {
    "invalid_credentials": "No such account, a wrong password or a disabled account: there is no telling "
    "which, on purpose. `keystead users list` shows the accounts.",
    "token_missing": "Send `Authorization: Bearer` with the access token that signing in or refreshing "
    "returned. The refresh cookie is no substitute.",
    "token_invalid": "The access token is not one of this installation: cut off, sent twice, or made with "
    "keys that have been replaced since. Sign in again.",
    "token_expired": "Access tokens live for KEYSTEAD_ACCESS_TOKEN_LIFETIME. Call POST /auth/refresh, then "
    "send the request again.",
    "session_ended": "Somebody signed out, ended the session, disabled the account or restored a back-up, or "
    "nobody used the session for KEYSTEAD_SESSION_IDLE. Sign in again.",
    "reauthentication_required": "This needs a sign-in of the last KEYSTEAD_STEP_UP_WINDOW. Call "
    "POST /auth/reauthenticate with the password, then send the request again.",
    "refresh_missing": "No refresh cookie came along. Let fetch send it (`credentials: 'include'`), under the "
    "path that it was set for; with COOKIE_SECURE=true it only goes over https.",
    "refresh_invalid": "The refresh cookie is not one of this installation, or there are two of that name.",
    "refresh_superseded": "Two requests refreshed at once, and the other one was first. Send this again with "
    "the newest cookie, or let one tab refresh for all.",
    "refresh_reused": "A refresh token can be used once. A client that keeps an older one looks like a thief, "
    "so the session was ended. Keep what each refresh returns.",
    "forbidden": "This account may not do that. `keystead routes` prints what each route needs; "
    "`keystead users role` makes an admin.",
    "cross_site": "The page has another origin than the service. Add it to KEYSTEAD_ALLOWED_ORIGINS, or "
    "serve both under one origin.",
    "csrf_token_invalid": "With COOKIE_SAME_SITE=none the X-CSRF-Token of the last answer has to be sent "
    "beside the cookie.",
}


def hint_for(status: int, code: str) -> str | None:
    """Return what to say of a refusal; None of what says it all by itself."""
    hint = HINTS.get(code)
    return None if hint is None else f"{hint} See {PAGES[status]}"
