"""
Secrets that get out by the way: in a body, a header, a URL or a line of the log.

OWASP ASVS 14.2.1, 15.3.1, 16.2.5; API3:2023.
"""

import json

import pytest

from keystead import logs
from keystead.domain.user import Role
from tests.attacks.evidence import Wiretap, logged
from tests.attacks.forge import encode
from tests.conftest import Clock, Service, StartService
from tests.databases import Database, secrets_of
from tests.people import COOKIE, PASSWORD, Person, refresh_with

WRONG = "incorrect horse battery staple"
CHOSEN = "plum tree in the night garden"


@pytest.mark.requirement(69, 81, 88)
@pytest.mark.parametrize("style", ["json", "console"])
async def test_no_secret_is_in_any_body_header_url_or_log_line(
    service: Service, clock: Clock, monkeypatch: pytest.MonkeyPatch, database: Database, style: str,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    tap = Wiretap(service)
    with logged(monkeypatch, style) as log:
        refresh_tokens, access_tokens = await live_through_everything(service, tap, clock)
    captured = "\n".join([log.getvalue(), *capfd.readouterr()])

    assert len(tap.answers) > 60
    assert len(set(refresh_tokens)) > 5
    assert "/auth/refresh" in captured
    assert "authn_token_reuse" in captured
    everywhere = "\n".join([tap.bodies, tap.urls, tap.headers(but="set-cookie"), captured])
    for secret in [*refresh_tokens, *installation_secrets(database)]:
        assert secret not in everywhere
        assert secret[8:40] not in everywhere
    for text in ("ksr_", PASSWORD, WRONG, CHOSEN, "$argon2", "password_hash", "pepper", "salt"):
        assert text not in everywhere
    for token in access_tokens:
        assert token not in f"{tap.urls}\n{tap.headers()}\n{captured}"
        assert token.rpartition(".")[2] not in captured


@pytest.mark.requirement(69)
async def test_access_tokens_come_in_the_answers_that_hand_them_out_and_nowhere_else(
    service: Service, clock: Clock
) -> None:
    tap = Wiretap(service)
    await live_through_everything(service, tap, clock)

    carriers = {a.request.url.path for a in tap.answers if '"accessToken"' in a.text}
    setters = {a.request.url.path for a in tap.answers if "ksr_" in a.headers.get("set-cookie", "")}

    assert carriers == setters == {"/auth/login", "/auth/refresh"}


@pytest.mark.requirement(81)
async def test_a_user_is_shown_member_by_member(ada: Person, bob: Person) -> None:
    own = {"_id", "email", "role", "createdAt", "updatedAt"}
    managed = own | {"status"}

    assert set((await bob.profile()).json()["user"]) == own
    assert set((await bob.login()).json()["user"]) == own
    assert set((await bob.get(f"/users/{bob.id}")).json()["user"]) == managed
    for user in (await ada.get("/users")).json()["users"]:
        assert set(user) == managed


@pytest.mark.requirement(81)
async def test_a_session_is_shown_member_by_member(ada: Person, bob: Person) -> None:
    session = {
        "sessionId", "ip", "device", "userAgent", "location", "createdAt", "lastActiveAt", "expiresAt",
    }  # fmt: skip
    listed = session | {"browser", "os", "city", "country", "current"}

    assert set((await bob.profile()).json()["session"]) == session
    assert set((await bob.get("/sessions")).json()["sessions"][0]) == listed
    assert set((await ada.get(f"/users/{bob.id}/sessions")).json()["sessions"][0]) == listed


@pytest.mark.requirement(88)
@pytest.mark.parametrize("style", ["json", "console"])
async def test_no_client_writes_a_line_of_the_log(
    start: StartService, monkeypatch: pytest.MonkeyPatch, style: str
) -> None:
    service = await start(trusted_proxies="192.0.2.0/24")
    forged = 'x\r\n{"event":"forged"}\n2026-01-01 forged \x1b[31mred\x1b[0m \u2028 \x00'
    hostile = {
        b"X-Request-ID": forged.replace("\x00", "").encode(),
        b"User-Agent": forged.encode(),
        b"X-Forwarded-For": forged.encode(),
        b"Authorization": b"Bearer " + forged.encode(),
    }

    with logged(monkeypatch, style) as log:
        client = service.client()
        for path in (
            "/profile",
            "/" + encode(forged.encode()),
            "/x%0d%0aforged%1b[31m",
            "/users/%0aforged",
        ):
            await client.get(path, headers=hostile, params={"q": forged})
        await client.post(
            "/auth/login", json={"email": forged, "password": forged}, headers=hostile
        )
        logs.finish()
        lines = log.getvalue().splitlines()

    assert len(lines) == 5
    assert "forged" not in log.getvalue()
    assert "\x1b[31m" not in log.getvalue()


async def live_through_everything(
    service: Service, tap: Wiretap, clock: Clock
) -> tuple[list[str], list[str]]:
    """Do all that can be done, right and wrong; return every token that was handed out."""
    ada = await service.person("ada", Role.ADMIN, tap.client())
    bob = await service.person("bob", client=tap.client())
    carl = Person(tap.client(), "carl@example.com", CHOSEN)
    for _ in range(2):
        await carl.register()
        await carl.login()
    for email, password in ((bob.email, WRONG), ("nobody@example.com", WRONG), (CHOSEN, CHOSEN)):
        await Person(tap.client(), email, password).login()
    stolen = bob.refresh_token
    await bob.refresh()
    await refresh_with(tap.client(), stolen)
    for person in (ada, bob, carl):
        await visit_every_page(service, person, bob.id)
    await send_nonsense(tap, bob)
    await ada.put(f"/users/{carl.id}/status", {"status": "disabled"})
    await carl.login()
    clock.advance(seconds=11)
    await refresh_with(tap.client(), stolen)
    await bob.login()
    await bob.client.post("/auth/logout", headers=bob.bearer)
    await ada.delete(f"/users/{carl.id}")
    return handed_out(tap)


async def visit_every_page(service: Service, person: Person, user_id: str) -> None:
    for route in service.app.app.router.routes:
        path = str(getattr(route, "path", "")).replace("{user_id}", user_id)
        if path.startswith(("/docs", "/openapi.json")):
            continue  # The same for everybody, with examples and a program of somebody else's.
        await person.get(path.replace("{session_id}", "x"))
        await person.client.request("OPTIONS", path)
    await person.get("/users", params={"limit": "1", "search": "b"})


async def send_nonsense(tap: Wiretap, bob: Person) -> None:
    client = tap.client()
    token = str(bob.refresh_token)
    for body in ([PASSWORD], {"email": [PASSWORD], "password": {"x": WRONG}}, {"password": WRONG}):
        await client.post("/auth/login", json=body)
        await client.post("/auth/register", json=body)
    await client.post("/auth/login", content=f'{{"password": "{WRONG}"'.encode())
    await client.get("/profile", headers={"Authorization": f"Bearer {token}"})
    await client.get("/profile", headers={"Authorization": f"Basic {PASSWORD}"})
    await client.post("/auth/refresh", headers={"Cookie": f"{COOKIE}={token}x"})
    await client.post("/auth/refresh", headers={"Cookie": f"{COOKIE}={token}; {COOKIE}={token}"})


def handed_out(tap: Wiretap) -> tuple[list[str], list[str]]:
    cookies = [answer.cookies.get(COOKIE) for answer in tap.answers]
    tokens = [json.loads(a.text)["accessToken"] for a in tap.answers if '"accessToken":"' in a.text]
    return [cookie for cookie in cookies if cookie], tokens


def installation_secrets(database: Database) -> list[str]:
    """Return what only the disk may know: hashes, salts and keys, as somebody would print them."""
    secrets = json.loads(secrets_of(database).read_text())
    hashes = [user["password_hash"] for user in database.rows("users")]
    salts = [session["salt"] for session in database.rows("sessions")]
    keys = [*secrets["master_keys"].values(), *(key["d"] for key in secrets["signing_keys"])]
    return [*hashes, *keys, *(salt.hex() for salt in salts), *(encode(salt) for salt in salts)]
