"""What the API answers in a story."""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import Any
from urllib.parse import parse_qs, urlsplit

from stories.canned import ME, OVERVIEW, PEOPLE, RECORDS, SESSIONS, user
from stories.states import IDENTITIES, NOBODY, TOKENS, Answer, Story, ok, problem


def answer(story: Story, method: str, target: str, asked: Counter[str]) -> Any:  # noqa: ANN401 - an answer or a word
    """Return what the API says in *story*; *asked*: how often it was asked for what before."""
    path = urlsplit(target).path
    query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
    key = f"{method} {path}"
    if key in story.replies:
        replies = story.replies[key]
        turns = replies if isinstance(replies, list) else [replies]
        asked[key] += 1
        return turns[min(asked[key], len(turns)) - 1]
    for pattern, reply in USUAL.items():
        if key == pattern or (pattern.endswith("/*") and key.startswith(pattern[:-1])):
            return reply(story, path, query)
    return problem(404, "route_not_found")


Reply = Callable[[Story, str, dict[str, str]], Answer]


def _refresh(story: Story, *_: object) -> Answer:
    return ok({"accessToken": _token(story)}) if story.who else NOBODY


def _profile(story: Story, *_: object) -> Answer:
    return ok({"user": IDENTITIES[story.who or "tim"], "session": SESSIONS[0]})


def _users(_: Story, __: str, query: dict[str, str]) -> Answer:
    found = [
        one
        for one in PEOPLE
        if one["email"].startswith(query.get("search", "").lower())
        and query.get("role", one["role"]) == one["role"]
        and query.get("status", one["status"]) == one["status"]
    ]
    return ok({"users": found, "nextCursor": "more" if len(found) == len(PEOPLE) else None})


def _user(_: Story, path: str, __: object) -> Answer:
    id_, _slash, rest = path.removeprefix("/users/").partition("/")
    found = next((one for one in PEOPLE if one["_id"] == id_), None)
    if found is None:
        return problem(404, "user_not_found")
    if rest == "sessions":
        return ok({"sessions": [{**one, "current": False} for one in SESSIONS[1:4]]})
    return ok({"user": found})


def _audit(_: Story, __: str, query: dict[str, str]) -> Answer:
    found = [
        one
        for one in RECORDS
        if query.get("event", one["event"]) == one["event"]
        and query.get("actor", one["actor"]) == one["actor"]
        and query.get("subject", one["subject"]) == one["subject"]
    ]
    if query.get("subject") == "u09":
        found = [
            deepcopy(one) | {"subject": "u09", "actor": "u09"}
            for one in (RECORDS[0], RECORDS[7], RECORDS[9])
        ]
    return ok({"records": found, "nextCursor": None if len(found) < len(RECORDS) else "more"})


USUAL: dict[str, Reply] = {
    "POST /auth/refresh": _refresh,
    "POST /auth/login": lambda story, *_: ok(
        {"accessToken": _token(story), "user": user(ME, "tim@example.com")}
    ),
    "POST /auth/logout": lambda *_: ok({"message": "user logged out."}),
    "POST /auth/reauthenticate": lambda *_: ok({"message": "Password confirmed"}),
    "GET /profile": _profile,
    "GET /sessions": lambda *_: ok({"sessions": SESSIONS}),
    "DELETE /sessions/*": lambda *_: ok({"ended": 1}),
    "DELETE /sessions": lambda *_: ok({"ended": len(SESSIONS) - 1}),
    "GET /overview": lambda *_: ok(OVERVIEW),
    "GET /users": _users,
    "GET /users/*": _user,
    "GET /audit": _audit,
}


def _token(story: Story) -> str:
    return TOKENS[story.who or "tim"]
