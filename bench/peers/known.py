"""Keystead and its peers: the commands, the requests, and what was chosen."""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bench.load.http import request
from bench.load.sources import USER_AGENT, bearers
from bench.peers.entrant import URL, Entrant, Filled, url_of
from bench.servers import KEYSTEAD as KEYSTEAD_SERVE
from bench.servers import READY, ROOT, Seeded, environment, seed

if TYPE_CHECKING:
    from tests.databases.postgres_server import Cluster

HERE = Path(__file__).parent
ENVIRONMENTS = HERE / ".env"

JSON = {"Content-Type": "application/json", "User-Agent": USER_AGENT}
FORM = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": USER_AGENT}

WARM_UP_SECONDS = 5
"""V8 compiles what has run some thousand times; until then it is slower by half and more."""


MIGRATE = ("migrate", "--verbosity", "0", "--settings", "settings")


def post_json(path: str, **members: str) -> bytes:
    """Write a request with a JSON body."""
    return request("POST", path, JSON, json.dumps(members).encode())


def post_form(path: str, **fields: str) -> bytes:
    """Write a request with a form as its body."""
    return request("POST", path, FORM, urlencode(fields).encode())


class Keystead(Entrant):
    """Keystead itself, served and filled as for every other measurement."""

    def environment(self, folder: Path) -> Mapping[str, str]:
        return environment(folder, url_of(folder))

    def fill(self, folder: Path, sessions: int, tokens: int) -> Filled:
        return self._filled(seed(folder, sessions, tokens))

    def fill_postgres(
        self, folder: Path, sessions: int, tokens: int, postgres: "Cluster", database: str
    ) -> Filled:
        seeded = seed(folder, sessions, tokens, postgres.url(database))
        (folder / URL).write_text(postgres.url(database))
        return self._filled(seeded)

    @staticmethod
    def _filled(seeded: Seeded) -> Filled:
        return Filled(
            bearers(seeded.access_tokens),
            seeded.emails,
            seeded.password,
            seeded.password_hash,
            seeded.refresh_tokens,
        )


def pinned(file: Path) -> dict[str, str]:
    """Return the versions in a requirements.txt or package-lock.json, by package."""
    text = file.read_text()
    if file.suffix == ".txt":
        return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))
    packages = json.loads(text)["packages"]
    return {
        name.removeprefix("node_modules/"): entry["version"]
        for name, entry in packages.items()
        if name
    }


def keystead() -> Entrant:
    """Return Keystead."""
    argon2 = (sys.executable, "-m", "bench.programs.argon2_alone")
    return Keystead(
        name="Keystead",
        programs=ROOT,
        serve=lambda port, _: (*KEYSTEAD_SERVE, "--port", str(port)),
        session_path="/profile",
        sign_in=lambda email, password: post_json("/auth/login", email=email, password=password),
        sign_up=lambda email, password: post_json("/auth/register", email=email, password=password),
        seed=(),  # As every other measurement does it.
        hash_alone=argon2,
        ready=READY,
        refresh_path="/auth/refresh",
        settings="granian, one process; throttle off",
    )


def better_auth() -> Entrant:
    """Return Better Auth on Node.js."""
    programs = HERE / "better_auth"
    packages = pinned(programs / "package-lock.json")
    node = "node"
    return Entrant(
        name="Better Auth",
        programs=programs,
        serve=lambda port, mode: (node, str(programs / "serve.js"), str(port), mode),
        session_path="/api/auth/get-session",
        sign_in=lambda email, password: post_json(
            "/api/auth/sign-in/email", email=email, password=password
        ),
        sign_up=lambda email, password: post_json(
            "/api/auth/sign-up/email", email=email, password=password, name="Somebody"
        ),
        seed=(node, str(programs / "seed.js")),
        hash_alone=(node, str(programs / "hash_alone.js")),
        ready="/api/auth/ok",
        warm_up_seconds=WARM_UP_SECONDS,
        version=packages["better-auth"],
        settings=(
            f"{packages['better-auth']}, built-in adapter, better-sqlite3 "
            f"{packages['better-sqlite3']} or pg {packages['pg']}, node:http, one process; sessions of 7 days, "
            "renewed once a day; rate limit off"
        ),
        file="better-auth.db",
        installed=programs / "node_modules" / ".installed",
        needs=node,
    )


def fastapi_users() -> Entrant:
    """Return FastAPI Users with its database strategy."""
    programs, home = HERE / "fastapi_users", ENVIRONMENTS / "fastapi_users"
    packages = pinned(programs / "requirements.txt")
    python = str(home / "bin" / "python")
    return Entrant(
        name="FastAPI Users",
        programs=programs,
        serve=lambda port, _: _granian(home, "asgi", port, "application:app"),
        session_path="/users/me",
        sign_in=lambda email, password: post_form("/auth/login", username=email, password=password),
        sign_up=lambda email, password: post_json("/auth/register", email=email, password=password),
        seed=(python, str(programs / "seed.py")),
        hash_alone=(python, str(programs / "hash_alone.py")),
        version=packages["fastapi-users"],
        settings=(
            f"{packages['fastapi-users']}, SQLAlchemy {packages['sqlalchemy']}, aiosqlite "
            f"{packages['aiosqlite']} or asyncpg {packages['asyncpg']}, database strategy, bearer tokens, granian "
            f"{packages['granian']} with uvloop, one process; tokens of 14 days"
        ),
        file="fastapi-users.db",
        installed=home / ".installed",
    )


def django_allauth() -> Entrant:
    """Return django-allauth's headless API for apps."""
    programs, home = HERE / "django_allauth", ENVIRONMENTS / "django_allauth"
    packages = pinned(programs / "requirements.txt")
    python = str(home / "bin" / "python")
    api = "/_allauth/app/v1"
    return Entrant(
        name="django-allauth",
        programs=programs,
        serve=lambda port, _: (
            *_granian(home, "wsgi", port, "wsgi:application"),
            *("--blocking-threads", "4"),
        ),
        session_path=f"{api}/auth/session",
        sign_in=lambda email, password: post_json(
            f"{api}/auth/login", email=email, password=password
        ),
        sign_up=lambda email, password: post_json(
            f"{api}/auth/signup", email=email, password=password
        ),
        seed=(python, str(programs / "seed.py")),
        hash_alone=(python, str(programs / "hash_alone.py")),
        refresh_path=f"{api}/tokens/refresh",
        version=packages["django-allauth"],
        settings=(
            f"{packages['django-allauth']} headless, Django {packages['django']}, psycopg "
            f"{packages['psycopg']} on PostgreSQL, session tokens and "
            f"JWT strategy, granian {packages['granian']} (WSGI), one process, 4 threads; "
            "persistent connection; sessions of 14 days in the database; rate limits off"
        ),
        file="django-allauth.db",
        make_tables=(python, "-m", "django", *MIGRATE),
        installed=home / ".installed",
    )


def _granian(home: Path, interface: str, port: int, target: str) -> tuple[str, ...]:
    # As `keystead serve` starts it: HTTP/1 alone, no web sockets, no line for each request.
    return (
        *(str(home / "bin" / "granian"), "--interface", interface, "--host", "127.0.0.1"),
        *("--port", str(port), "--workers", "1", "--http", "1", "--no-ws"),
        *("--log-level", "warning", target),
    )


PEERS = (better_auth, fastapi_users, django_allauth)


def versions() -> dict[str, str]:
    """Return the version of each peer that takes part."""
    return {peer.name: peer.version for peer in (make() for make in PEERS) if not peer.missing}
