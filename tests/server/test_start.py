"""Starting the program: what it makes, what it says, and when it refuses."""

import re
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from keystead.assembly import open_tools
from keystead.settings import Settings
from keystead.store import without_secrets
from tests.databases import Database, environment_of, secrets_of, settings_of
from tests.people import PASSWORD, Person, profile_with
from tests.server.programs import ANEW
from tests.server.running import eventually, free_port, keystead, running, running_in

SAMPLE_SECRET = "super-secret-key-super-secret-key-super"
PRODUCTION = {
    "KEYSTEAD_ENVIRONMENT": "production",
    "KEYSTEAD_ALLOWED_HOSTS": "localhost,127.0.0.1",
    "KEYSTEAD_ARGON2_MEMORY_KIB": "19456",
    "KEYSTEAD_ARGON2_ITERATIONS": "2",
}


async def test_the_first_start_makes_secrets_for_the_owner_only_and_says_what_is_where(
    database: Database,
) -> None:
    started = time.monotonic()
    with running(database, "--host", "localhost", **ANEW) as server:
        print(f"start to first answer: {time.monotonic() - started:.2f} s")  # noqa: T201 - to see.

        assert _mode(secrets_of(database)) == 0o600
        banner = server.output
        assert f"http://localhost:{server.port}" in banner
        assert f"http://localhost:{server.port}/docs" in banner
        assert f"Database            {without_secrets(database.url)}\n" in banner
        assert str(secrets_of(database)) in banner
        assert "keystead create-admin" in banner
        async with server.client() as client:
            assert (await client.get("/docs")).status_code == 200


@pytest.mark.only_on("sqlite", because="a server's database is made by `keystead migrate`")
def test_told_nothing_the_first_start_makes_a_database_here_with_secrets_beside_it(
    tmp_path: Path,
) -> None:
    with running_in(tmp_path):
        assert _mode(tmp_path / "keystead.db") == 0o600
        assert _mode(tmp_path / "keystead.secrets.json") == 0o600


async def test_a_restart_keeps_accounts_sessions_and_keys(database: Database) -> None:
    with running(database) as server:
        async with server.client() as client:
            bob = await server.person("bob", client)
            refresh_token = bob.refresh_token
        secrets = secrets_of(database).read_bytes()
        assert server.stop() == 0

    with running(database) as server:
        assert secrets_of(database).read_bytes() == secrets
        async with server.client(Cookie=f"refreshToken={refresh_token}") as client:
            assert (await profile_with(client, bob.access_token)).status_code == 200
            assert (await client.post("/auth/refresh")).status_code == 200


@pytest.mark.requirement(25)
async def test_a_seeded_admin_is_never_overwritten(database: Database) -> None:
    seed = {
        "SEED_ADMIN_ON_START": "true",
        "ADMIN_EMAIL": "Ada@Example.com",
        "ADMIN_PASSWORD": PASSWORD,
    }
    with running(database, **seed) as server:
        assert "create-admin" not in server.output
        assert PASSWORD not in server.output
        async with server.client() as client:
            ada = Person(client, "ada@example.com")
            assert (await ada.login()).json()["user"]["role"] == "admin"
            assert (await ada.get("/users")).status_code == 200

    another = {**seed, "ADMIN_PASSWORD": "an entirely different secret"}
    with running(database, **another) as server:
        async with server.client() as client:
            other = Person(client, "ada@example.com", another["ADMIN_PASSWORD"])
            assert (await other.login()).status_code == 401
            assert (await Person(client, "ada@example.com").login()).status_code == 200


async def test_data_without_its_secrets_stops_the_start(database: Database) -> None:
    secrets = await _first_start(database)
    secrets.unlink()

    said = _refusal(database)

    assert f"{secrets} is missing" in said
    assert "back-up" in said
    assert not secrets.exists()


async def test_secrets_that_others_can_read_stop_the_start(database: Database) -> None:
    secrets = await _first_start(database)
    secrets.chmod(0o644)

    assert f"chmod 600 {secrets}" in _refusal(database)


async def test_secrets_of_another_database_stop_the_start(
    database: Database, database_of_module: Database
) -> None:
    own = await _first_start(database)
    own.write_bytes((await _first_start(database_of_module)).read_bytes())

    assert "belongs to another database" in _refusal(database)


@pytest.mark.parametrize(
    ("env", "code", "says", "hides"),
    [
        ({"JWT_SECRET": "hunter2hunter2"}, 2, "JWT_SECRET: .* 14 bytes.* 32 bytes", "hunter2"),
        (
            {"JWT_SECRET": SAMPLE_SECRET, **PRODUCTION},
            2,
            "JWT_SECRET: read a sample value",
            "super-secret",
        ),
        ({"PORT": "80a"}, 2, "PORT: read '80a'; allowed: .*integer", None),
        ({"KEYSTEAD_PORT": "70000"}, 2, "KEYSTEAD_PORT: read '70000'; allowed: .*65535", None),
        ({"KEYSTEAD_HOST": "0.0.0.0"}, 2, "KEYSTEAD_HOST: .*KEYSTEAD_ENVIRONMENT", None),  # noqa: S104 - refused.
        ({"COOKIE_HTTP_ONLY": "false"}, 2, "COOKIE_HTTP_ONLY: read false; allowed: only", None),
        ({"DB_URL": "mysql://ada:hunter2@db/x"}, 2, "begins with 'mysql'; allowed", "hunter2"),
        (
            {"DB_URL": "postgresql://ada:hunter2@db/x?connect_timeout=3"},
            2,
            "DB_URL has an option connect_timeout; allowed .*sslmode",
            "hunter2",
        ),
        ({"DB_URL": "postgresql://ada:hunter2/3@db/x"}, 2, "is no PostgreSQL URL", "hunter2"),
        ({"DB_URL": "hunter2"}, 2, "begins with 'nothing'", "hunter2"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_value_that_cannot_be_stops_the_start_with_one_line(
    tmp_path: Path, env: dict[str, str], code: int, says: str, hides: str | None
) -> None:
    argument = () if {"PORT", "KEYSTEAD_PORT"} & set(env) else ("--port", str(free_port()))

    said = _refused(keystead(tmp_path, "serve", *argument, **env), code)

    assert re.search(says, said)
    assert hides is None or hides not in said
    assert not list(tmp_path.iterdir())


def test_a_port_that_another_program_has_stops_the_start(tmp_path: Path) -> None:
    with _listening(shares=False) as port:
        said = _refused(keystead(tmp_path, "serve", "--port", str(port)), 1)

    assert said == f"keystead: cannot listen on 127.0.0.1 port {port}: Address already in use"


def test_a_port_is_not_shared_with_another_server_either(tmp_path: Path) -> None:
    with _listening(shares=True) as port:
        said = _refused(keystead(tmp_path, "serve", "--port", str(port)), 1)

    assert "Address already in use" in said
    assert not list(tmp_path.iterdir())


def test_a_host_that_does_not_exist_stops_the_start(tmp_path: Path) -> None:
    env = {"KEYSTEAD_ENVIRONMENT": "development"}
    result = keystead(tmp_path, "serve", "--host", "192.0.2.1", "--port", str(free_port()), **env)

    assert "cannot listen on 192.0.2.1" in _refused(result, 1)


async def _first_start(database: Database) -> Path:
    """What a start leaves behind. Returns: the secrets file."""
    async with open_tools(Settings.load(**settings_of(database))):
        pass
    return secrets_of(database)


def _refusal(database: Database) -> str:
    port = str(free_port())
    return _refused(
        keystead(database.folder, "serve", "--port", port, **environment_of(database)), 1
    )


def _refused(result: subprocess.CompletedProcess[str], code: int) -> str:
    assert result.returncode == code, result.stderr
    assert not result.stdout
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("keystead: ")
    return lines[0]


@contextmanager
def _listening(*, shares: bool) -> Iterator[int]:
    with socket.socket() as listener:
        if shares:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        port = free_port()
        listener.bind(("127.0.0.1", port))
        listener.listen()
        yield port


def _mode(path: Path) -> int:
    eventually(path.exists)
    return stat.S_IMODE(path.stat().st_mode)
