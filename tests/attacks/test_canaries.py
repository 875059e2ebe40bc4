"""
Marked secrets, sent through every route and every refusal, and then looked for everywhere.

In the log, the answers, the database, the files around it, and what other programs see of the processes
(OWASP ASVS 14.2.1, 16.2.5). Routes come from the application, so one that is added is tried as well.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

import httpx
import pytest

from keystead import logs
from keystead.domain.store import Store
from keystead.domain.user import Role
from tests.attacks.evidence import Wiretap, logged
from tests.attacks.test_leaked_secrets import installation_secrets
from tests.conftest import Service
from tests.databases import Database, secrets_of
from tests.people import COOKIE, FIREFOX, Person
from tests.server.running import Server, keystead, running
from tests.web.calls import KEYS, NEEDS_NO_DATABASE, caller

PASSWORD = "canary of a password 5e0b"
WRONG = "canary of a wrong one 77a1"
ADMIN_PASSWORD = "canary of the first admin 91cc"
JWT_SECRET = "canary-of-a-signing-key-b6d2-4f0a-8c15-e9"
DATABASE_PASSWORD = "canary-of-a-database-3fd7"

VERBS = [name for name in vars(Store) if not name.startswith("_") and name not in {"open", "close"}]

HANDS_OUT = {"/auth/login", "/auth/refresh"}
"""Where an access token is in the body and a refresh token in Set-Cookie, if all went well."""


@dataclass
class Hunt:
    """All that was sent and answered, and what must not be found."""

    tokens: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    answers: list[httpx.Response] = field(default_factory=list)

    async def note(self, answer: httpx.Response) -> None:
        """Keep an answer, and whatever token it hands out."""
        await answer.aread()
        self.answers.append(answer)
        if answer.is_success and answer.request.url.path in HANDS_OUT:
            self.tokens.append(answer.json()["accessToken"])
            self.cookies.append(answer.cookies[COOKIE])

    @property
    def secrets(self) -> list[str]:
        typed = [PASSWORD, WRONG, ADMIN_PASSWORD, JWT_SECRET, DATABASE_PASSWORD]
        # Of a token the part that is signed may be shorter than a line, so its parts count as well.
        signatures = [token.rpartition(".")[2] for token in self.tokens]
        return [*typed, *self.tokens, *signatures, *self.cookies]

    def shown(self) -> set[str]:
        """Return what the answers show, each body and head once, but a token where it belongs."""
        texts = set()
        for answer in self.answers:
            body, head = answer.text, str(answer.headers.multi_items())
            if answer.is_success and answer.request.url.path in HANDS_OUT:
                body = body.replace(answer.json()["accessToken"], "")
                head = head.replace(answer.cookies[COOKIE], "")
            texts |= {body, head}
        return texts


@pytest.mark.thorough
@pytest.mark.requirement(69, 88)
@pytest.mark.timeout(600)  # Hundreds of requests and six commands, each of which loads everything.
@pytest.mark.parametrize("style", ["json", "console"])
async def test_no_marked_secret_comes_out_anywhere(database: Database, style: str) -> None:
    hunt = Hunt()
    # In a file, since every process of this machine's owner may read another one's environment.
    (database.folder / ".env").write_text(
        f"JWT_SECRET={JWT_SECRET}\nADMIN_PASSWORD={ADMIN_PASSWORD}\n"
        "SEED_ADMIN_ON_START=true\nADMIN_EMAIL=ada@example.com\n"
    )
    env = {"KEYSTEAD_LOG_FORMAT": style, "KEYSTEAD_WORKERS": "2", "KEYSTEAD_THROTTLE": "off"}
    with running(database, **env) as server:
        for route in KEYS:
            await use(server, hunt, route)
        with database.broken():
            for route in KEYS:
                await misuse(server, hunt, route)
        seen_of_processes = "\n".join(seen_from_outside(server))
        stored = database.everything()
    told = "\n".join(commands(database))

    assert len(hunt.tokens) > len(KEYS)
    assert len(hunt.answers) > 8 * len(KEYS)
    assert "/auth/refresh" in server.output
    assert "ada@example.com" in told
    at_rest = [*hunt.secrets, *keys(database)]
    everywhere = {
        "the log": server.output.encode(),
        "the answers": "\n".join(hunt.shown()).encode(),
        "the database": stored,
        "files": b"\n".join(files(database)),
        "processes": seen_of_processes.encode(),
        "commands": told.encode(),
    }
    for where, text in everywhere.items():
        assert found(at_rest, text) == [], where
    shown = b"\n".join(everywhere[where] for where in ("the log", "the answers", "commands"))
    assert found(installation_secrets(database), shown) == []


@pytest.mark.requirement(69, 87, 88)
@pytest.mark.parametrize("style", ["json", "console"])
async def test_no_traceback_holds_a_secret_that_was_on_its_way(
    service: Service, monkeypatch: pytest.MonkeyPatch, style: str
) -> None:
    """A bug of ours has the secret of that very request in its local variables."""
    tap, hunt = Wiretap(service), Hunt()
    ada = await service.person("ada", Role.ADMIN, tap.client())
    with logged(monkeypatch, style) as log:
        for number, route in enumerate(KEYS):
            bob = Person(tap.client(), f"bob{number}@example.com", PASSWORD)
            bob.client.event_hooks["response"].append(hunt.note)
            await bob.register()
            await bob.login()
            asking = await caller(ada, bob)
            asking.client.cookies.update(bob.client.cookies)
            with monkeypatch.context() as patch:
                for verb in VERBS:
                    patch.setattr(service.tools.store, verb, fail)
                answer = await asking.ask(route)
            assert answer.status_code == (200 if route in NEEDS_NO_DATABASE else 500), route
        logs.finish()

    assert log.getvalue().count("Traceback") == len(KEYS) - len(NEEDS_NO_DATABASE)
    everything = "\n".join([log.getvalue(), *hunt.shown()]).encode()
    assert found(hunt.secrets, everything) == []


@pytest.mark.parametrize("form", ["{}", "password={}", '{{"x": "{}"}}', "%0a{}"])
def test_a_secret_would_be_found_in_whatever_form_it_came_out(form: str) -> None:
    for secret in (PASSWORD, JWT_SECRET):
        text = form.format(secret).encode()
        for written in (
            text,
            quote(text).encode(),
            quote_plus(text).encode(),
            text.hex().encode(),
            text.hex().upper().encode(),
            base64.b64encode(text),
            base64.urlsafe_b64encode(b"?" + text),
            base64.b64encode(b"??" + text),
            json.dumps({"a": text.decode()}).encode(),
        ):
            assert found([secret], b"... " + written + b" ...") == [secret]
    assert found([PASSWORD], WRONG.encode()) == []


async def fail(*_: object, **__: object) -> None:
    raise RuntimeError("a bug of ours")


async def use(server: Server, hunt: Hunt, route: str) -> None:
    """Ask for *route* as everybody who there is, rightly and wrongly."""
    async with client(server, hunt) as at_ada, client(server, hunt) as at_bob:
        ada = Person(at_ada, "ada@example.com", ADMIN_PASSWORD)
        await ada.login()
        bob = Person(at_bob, f"bob{len(hunt.answers)}@example.com", PASSWORD)
        await bob.register()
        await bob.login()
        await Person(at_ada, bob.email, WRONG).login()
        await bob.refresh()
        for person, subject in ((bob, ada), (bob, bob), (ada, bob)):
            # What was asked for before may have ended a session, or the account.
            for somebody in (ada, bob):
                await somebody.register()
                await somebody.login()
            await (await caller(person, subject)).ask(route)
        await misuse(server, hunt, route)


async def misuse(server: Server, hunt: Hunt, route: str) -> None:
    """
    Put secrets where they do not belong.

    But not in the name of a query parameter: one that is unknown is named to whoever sent it.
    """
    method, _, template = route.partition(" ")
    async with client(server, hunt) as anybody:
        for secret in (PASSWORD, hunt.tokens[-1], hunt.cookies[-1]):
            name = quote(secret, safe="")
            path = template.format(user_id=name, session_id=name, role=name, file=name)
            for body in ({"email": secret, "password": [secret]}, [secret]):
                await anybody.request(
                    method,
                    path,
                    params={"password": secret, "cursor": secret, "search": secret},
                    json=body,
                    headers={
                        "Authorization": f"Bearer {hunt.tokens[-1]}",
                        "Cookie": f"{COOKIE}={secret}; {COOKIE}=x; {name}=1",
                        "X-Api-Key": secret,
                    },
                )
            await anybody.request(
                method, path, content=f'{{"password": "{secret}"', headers={"Authorization": secret}
            )


def client(server: Server, hunt: Hunt) -> httpx.AsyncClient:
    made = server.client(**{"User-Agent": FIREFOX})
    made.event_hooks["response"].append(hunt.note)
    return made


def seen_from_outside(server: Server) -> Iterator[str]:
    """Yield the arguments and the environment of the server's processes, as /proc shows them."""
    for pid in {server.process.pid, *server.workers}:
        for name in ("cmdline", "environ"):
            yield Path(f"/proc/{pid}/{name}").read_text(errors="replace")


def commands(database: Database) -> Iterator[str]:
    """Yield what the command line prints, also of a database that it cannot reach."""
    for arguments in (("settings",), ("users", "list")):
        yield output(database.folder, *arguments, url=database.url)
    for scheme in ("postgresql", "mongodb"):
        url = f"{scheme}://keystead:{DATABASE_PASSWORD}@127.0.0.1:1/keystead"
        yield output(database.folder, "settings", url=url)
        yield output(database.folder, "users", "list", url=url)


def output(folder: Path, *arguments: str, url: str) -> str:
    done = keystead(folder, *arguments, DB_URL=url, KEYSTEAD_SECRETS_FILE="keystead.secrets.json")
    return done.stdout + done.stderr


def keys(database: Database) -> list[str]:
    secrets = json.loads(secrets_of(database).read_text())
    return [*secrets["master_keys"].values(), *(key["d"] for key in secrets["signing_keys"])]


def files(database: Database) -> Iterator[bytes]:
    """Yield all that lies around but the two files whose owner put the secrets there."""
    belongs = {".env", secrets_of(database).name}
    for path in database.folder.rglob("*"):
        if path.is_file() and path.name not in belongs:
            yield path.read_bytes()


def found(secrets: list[str], text: bytes) -> list[str]:
    """Return which of *secrets* are in *text*, in whatever way somebody may have written them."""
    # Files of databases are mostly empty: nothing of a secret is in a NUL.
    text = b"\0".join(filter(None, text.split(b"\0")))
    lower = text.lower()
    return [
        secret
        for secret in secrets
        if any(form in text for form in forms(secret)) or secret.encode().hex().encode() in lower
    ]


def forms(secret: str) -> Iterator[bytes]:
    raw = secret.encode()
    yield from (raw, quote(raw, safe="").encode(), quote_plus(raw).encode(), quote(raw).encode())
    for shift in range(3):
        # Base64 writes three bytes at a time: what the neighbours share in is left off.
        encoded = base64.b64encode(b"?" * shift + raw)[(0, 2, 3)[shift] : -4]
        yield encoded
        yield encoded.replace(b"+", b"-").replace(b"/", b"_")
