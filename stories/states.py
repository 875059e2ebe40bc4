"""Every state of every page: where it is shown, and what the API answers there."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from stories.canned import ADA, DAYS, ME, OVERVIEW, PEOPLE, SESSIONS, XSS, Json, session

Answer = tuple[int, Json, dict[str, str]]

NEVER = "never"
"""In the place of an answer: the connection is left open for a while, and then closed."""

GONE = "gone"
"""In the place of an answer: the connection is closed at once."""


@dataclass
class Story:
    """
    One state of one page.

    Args:
        path: where it is shown.
        replies: instead of what is usual: `METHOD /path` -> an answer, `NEVER` or `GONE`; of a list
            each in turn, and then the last.
        steps: what a person does there first: (kind, selector, text); see `screenshots`.

    """

    path: str
    about: str
    who: str | None = "tim"
    replies: dict[str, Any] = field(default_factory=dict)
    steps: tuple[tuple[str, ...], ...] = ()


def problem(status: int, code: str, message: str = "", **headers: str) -> Answer:
    """Return an error as the API writes it."""
    body = {"status": status, "code": code, "message": message, "request_id": "0199c0de5a5a"}
    return status, body, headers


def ok(body: Json, status: int = 200) -> Answer:
    """Return a success."""
    return status, body, {}


def token_of(id_: str) -> str:
    """Return what looks like an access token."""
    payload = base64.urlsafe_b64encode(json.dumps({"sub": id_}).encode()).decode().rstrip("=")
    return f"e30.{payload}.e30"


TOKENS = {"tim": token_of(ME), "ada": token_of(ADA)}
ENDED = problem(401, "session_ended")
DOWN = problem(503, "store_unavailable", **{"Retry-After": "5"})
NOBODY = problem(401, "refresh_missing")
IDENTITIES = {"tim": PEOPLE[-1], "ada": PEOPLE[0]}
WHO = ok({"user": IDENTITIES["tim"], "session": SESSIONS[0]})
SIGN_IN = (
    ("fill", "input[name=email]", "tim@example.com"),
    ("fill", "input[name=password]", "correct horse"),
    ("click", "button[type=submit]", ""),
)
QUIET_DAYS = [
    {**day, "signIns": 0, "failures": 0, "registrations": 0, "replays": 0} for day in DAYS
]
HOSTILE = session(9, XSS, XSS, XSS, {"city": XSS, "country": XSS}, XSS, {"hours": 1}, {"days": 1})

STORIES: dict[str, Story] = {
    "sign-in": Story("/account", "Sign in", who=None),
    "sign-in-wrong": Story(
        "/account", "Sign in: wrong password", None,
        {"POST /auth/login": problem(401, "invalid_credentials")}, SIGN_IN,
    ),
    "sign-in-throttled": Story(
        "/account", "Sign in: too many attempts", None,
        {"POST /auth/login": problem(429, "throttled", **{"Retry-After": "154"})}, SIGN_IN,
    ),
    "sign-in-unavailable": Story(
        "/account", "Sign in: the database does not answer", None, {"POST /auth/login": DOWN}, SIGN_IN,
    ),
    "register": Story(
        "/account/register", "Create an account", None, {},
        (("fill", "input[name=email]", "tim@example.com"),
         ("fill", "input[name=password]", "correct horse battery")),
    ),
    "register-blocklisted": Story(
        "/account/register", "Create an account: a common password", None,
        {"POST /auth/register": (400, {
            "code": "password_blocklisted", "errors": [{"field": "password", "message": ""}]}, {})},
        (("fill", "input[name=email]", "tim@example.com"),
         ("fill", "input[name=password]", "iloveyou2"), ("click", "button[type=submit]", "")),
    ),
    "register-taken": Story(
        "/account/register", "Create an account: there is one", None,
        {"POST /auth/register": problem(409, "email_taken")}, SIGN_IN,
    ),
    "devices": Story("/account", "Devices"),
    "devices-alone": Story(
        "/account", "Devices: only this one", replies={"GET /sessions": ok({"sessions": SESSIONS[:1]})}),
    "devices-many": Story(
        "/account", "Devices: sign out all others", steps=(("click", "text=Sign out all others", ""),)),
    "devices-loading": Story("/account", "Devices: on their way", replies={"GET /sessions": NEVER}),
    "devices-unavailable": Story("/account", "Devices: an error", replies={"GET /sessions": DOWN}),
    "devices-offline": Story("/account", "Devices: no connection", replies={"GET /sessions": GONE}),
    "devices-hostile": Story(
        "/account", "Devices: markup in every name",
        replies={"GET /sessions": ok({"sessions": [SESSIONS[0], HOSTILE]})}),
    "signed-out-elsewhere": Story(
        "/account", "Devices: this one was signed out from elsewhere",
        replies={"GET /sessions": problem(401, "session_ended"),
                 "POST /auth/refresh": [ok({"accessToken": TOKENS["tim"]}), ENDED]}),
    "opened-by-another-page": Story(
        "/account", "A session that another page of this site has opened",
        replies={"POST /auth/refresh": problem(403, "csrf_token_invalid")}),
    "unavailable": Story(
        "/account", "The service does not answer", replies={"POST /auth/refresh": DOWN}),
    "sign-out-fails": Story(
        "/account", "Devices: signing out here does not get through",
        replies={"POST /auth/logout": DOWN}, steps=(("click", "header button", ""),)),
    "profile": Story("/account/profile", "Profile"),
    "profile-loading": Story(
        "/account/profile", "Profile: on its way", replies={"GET /profile": [WHO, NEVER]}),
    "profile-unavailable": Story(
        "/account/profile", "Profile: an error", replies={"GET /profile": [WHO, DOWN]}),
    "profile-delete": Story(
        "/account/profile", "Profile: delete the account", steps=(("click", "text=Delete my account", ""),)),
    "step-up": Story(
        "/account/profile", "Profile: the password is asked for again",
        replies={f"DELETE /users/{ME}": problem(401, "reauthentication_required")},
        steps=(("click", "text=Delete my account", ""), ("fill", "dialog input", "tim@example.com"),
               ("click", "dialog button[type=submit]", ""))),
    "not-found": Story("/account/nowhere", "A page that does not exist"),
    "overview": Story("/admin", "Overview", "ada"),
    "overview-quiet": Story(
        "/admin", "Overview: just installed, without a geo database", "ada",
        {"GET /overview": ok({
            **OVERVIEW, "accounts": {"total": 1, "admins": 1, "disabled": 0}, "sessions": 1,
            "days": QUIET_DAYS, "sampled": 3, "places": [], "geoBuiltAt": None, "database": "SQLite",
            "networks": [{"network": "192.0.2.0/24", "sessions": 2}, {"network": "10.0.0.0/24", "sessions": 1}],
            "warnings": ["geo_database_missing"]})}),
    "overview-warnings": Story(
        "/admin", "Overview: everything that can need attention", "ada",
        {"GET /overview": ok({**OVERVIEW, "warnings": [
            "jwt_secret_weak", "proxy_untrusted", "proxy_silent", "throttle_off",
            "geo_database_old", "redis_away"]})}),
    "overview-loading": Story("/admin", "Overview: on its way", "ada", {"GET /overview": NEVER}),
    "overview-unavailable": Story("/admin", "Overview: an error", "ada", {"GET /overview": DOWN}),
    "users": Story("/admin/users", "Users", "ada"),
    "users-menu": Story(
        "/admin/users", "Users: what can be done", "ada", steps=(("click", "summary >> nth=1", ""),)),
    "users-none": Story(
        "/admin/users?search=zoe", "Users: nobody found", "ada",
        {"GET /users": ok({"users": [], "nextCursor": None})}),
    "users-loading": Story("/admin/users", "Users: on their way", "ada", {"GET /users": NEVER}),
    "users-unavailable": Story("/admin/users", "Users: an error", "ada", {"GET /users": DOWN}),
    "user": Story("/admin/users/u09", "One user", "ada"),
    "user-disable": Story(
        "/admin/users/u09", "One user: disable", "ada", steps=(("click", "text=Disable account", ""),)),
    "user-nowhere": Story(
        "/admin/users/u06", "One user: disabled, signed in nowhere", "ada",
        {"GET /users/u06/sessions": ok({"sessions": []})}),
    "user-loading": Story(
        "/admin/users/u09", "One user: on their way", "ada", {"GET /users/u09": NEVER}),
    "user-gone": Story("/admin/users/gone", "One user: deleted meanwhile", "ada"),
    "audit": Story("/admin/audit", "Audit log", "ada"),
    "audit-none": Story(
        "/admin/audit?event=authn_login_lock", "Audit log: nothing", "ada",
        {"GET /audit": ok({"records": [], "nextCursor": None})}),
    "audit-nobody": Story("/admin/audit?person=nobody@example.com", "Audit log: of nobody", "ada"),
    "audit-loading": Story("/admin/audit", "Audit log: on its way", "ada", {"GET /audit": NEVER}),
    "audit-unavailable": Story("/admin/audit", "Audit log: an error", "ada", {"GET /audit": DOWN}),
    "admin-forbidden": Story("/admin", "Administration, for somebody who may not"),
}  # fmt: skip
