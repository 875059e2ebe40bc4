"""`keystead doctor` finds what is wrong with an installation, and says why and what to do."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from keystead.cli.doctor.checks import CHECKS
from tests.databases import Database, environment_of, secrets_of
from tests.server.running import free_port, keystead, running, running_in

PRODUCTION = {"KEYSTEAD_ENVIRONMENT": "production", "KEYSTEAD_ALLOWED_HOSTS": "localhost,127.0.0.1"}

OWASP = {"KEYSTEAD_ARGON2_MEMORY_KIB": "19456", "KEYSTEAD_ARGON2_ITERATIONS": "2"}

Findings = list[dict[str, str]]


def examine(database: Database, *arguments: str, **env: str) -> tuple[int, Findings]:
    given = {**environment_of(database), **env}
    done = keystead(database.folder, "doctor", *arguments, "--json", **given)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def serious(found: Findings, check: str | None = None) -> list[str]:
    return [
        each["what"]
        for each in found
        if each["severity"] in {"error", "warning"} and check in {None, each["check"]}
    ]


def test_a_healthy_service_has_nothing_serious(database: Database) -> None:
    with running(database, **OWASP) as server:
        code, found = examine(database, f"http://127.0.0.1:{server.port}", **OWASP)

    assert code == 0
    # On a busy machine a hash, or a read over the network, may be slow.
    assert [what for what in serious(found) if " takes " not in what] == []
    assert {each["check"] for each in found} >= set(CHECKS) - {"tls"}


@pytest.mark.only_on("sqlite", because="a default start is on it")
def test_a_default_start_has_no_error_and_hears_what_to_change_before_production(
    tmp_path: Path,
) -> None:
    before = keystead(tmp_path, "doctor")
    with running_in(tmp_path) as server:
        after = keystead(tmp_path, "doctor", f"http://127.0.0.1:{server.port}")

    for done in (before, after):
        assert done.returncode == 0, done.stdout
        assert "error   " not in done.stdout
        for name in ("KEYSTEAD_ENVIRONMENT", "KEYSTEAD_ALLOWED_HOSTS", "KEYSTEAD_TRUSTED_PROXIES"):
            assert name in done.stdout
    assert "there is no database yet" in before.stdout


def test_every_finding_that_is_not_fine_says_why_and_what_to_do(database: Database) -> None:
    _, found = examine(database, f"http://127.0.0.1:{free_port()}", KEYSTEAD_WORKES="4")

    assert found
    for each in found:
        assert (each["severity"] == "ok") is not bool(each["why"] and each["fix"]), each


@pytest.mark.only_on("sqlite", because="no database is asked about it")
def test_a_service_that_is_not_there_is_an_error(database: Database) -> None:
    code, found = examine(database, f"http://127.0.0.1:{free_port()}")

    assert code == 1
    assert "does not answer" in serious(found, "reach")[0]


@pytest.mark.only_on("sqlite", because="no database is asked about it")
@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"KEYSTEAD_WORKES": "4"}, "KEYSTEAD_WORKES is no setting"),
        ({"MAXMIND_ACCOUNT_ID": "1"}, "only one of MAXMIND_ACCOUNT_ID"),
        ({"KEYSTEAD_SESSION_IDLE": "90d"}, "the idle time 90d is longer"),
        ({"JWT_ACCESS_EXPIRES_IN": "24h", "KEYSTEAD_SESSION_IDLE": "1h"}, "lives longer"),
        ({"KEYSTEAD_WORKERS": "200"}, "200 server processes on"),
        ({**PRODUCTION, **OWASP, "KEYSTEAD_ALLOWED_HOSTS": "*"}, "any host name is served"),
        ({**PRODUCTION, **OWASP}, "no proxy is trusted"),
    ],
    ids=["mistyped", "half", "idle", "access", "workers", "hosts", "proxies"],
)
def test_settings_that_do_not_say_what_was_meant_are_found(
    database: Database, env: dict[str, str], expected: str
) -> None:
    _, found = examine(database, **env)

    assert any(expected in what for what in serious(found, "configuration")), found


def test_lost_secrets_and_files_that_others_can_read_are_found(database: Database) -> None:
    with running(database):
        pass
    secrets_of(database).chmod(0o644)

    code, found = examine(database)

    assert code == 1
    assert any("chmod 600" in each["fix"] for each in found if each["check"] == "files")
    assert any("can be read by others" in what for what in serious(found, "keys"))
    secrets_of(database).unlink()
    code, found = examine(database)
    assert code == 1
    assert "is missing" in serious(found, "database")[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_secrets_file_as_it_is_mounted_is_not_open_to_others(database: Database) -> None:
    with running(database):
        pass
    os.chown(secrets_of(database), 65_534, -1)
    secrets_of(database).chmod(0o440)

    _, found = examine(database)

    assert not any(str(secrets_of(database)) in what for what in serious(found, "files")), found


class Careless(BaseHTTPRequestHandler):
    """A proxy that spoils what it passes on."""

    def _answer(self) -> None:
        body = b'{"name": "Keystead", "version": "0.0.1", "status": "ok"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Cache-Control", "public")
        self.send_header("Set-Cookie", "refreshToken=; Path=/; Domain=example.com")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - the names that the library looks for.

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Hostile(Careless):
    """Something else, which would like to be read."""

    def _answer(self) -> None:
        if self.path == "/":
            body = b'{"version": "\\u001b]0;owned\\u0007"}'
            self.send_response(200)
            self.send_header("Date", "yesterday")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        else:
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while True:
                    self.wfile.write(bytes(64 * 1024))

    do_GET = do_POST = _answer  # noqa: N815 - the names that the library looks for.


@contextmanager
def careless(kind: type[Careless] = Careless) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.only_on("sqlite", because="no database is asked about it")
def test_a_server_that_is_hostile_is_told_from_ours_and_writes_nothing_on_the_terminal(
    database: Database,
) -> None:
    with careless(Hostile) as url:
        said = keystead(database.folder, "doctor", url, **environment_of(database))
        _, found = examine(database, url)

    assert said.returncode == 1
    assert "\x1b" not in said.stdout
    assert "Traceback" not in said.stderr
    assert "is not Keystead (200)" in said.stdout
    assert any("more than 256 KiB" in what for what in serious(found, "reach")), found


@pytest.mark.only_on("sqlite", because="no database is asked about it")
def test_what_a_proxy_spoils_is_found(database: Database) -> None:
    with careless() as url:
        code, found = examine(database, url, COOKIE_SECURE="true")

    assert code == 1
    assert "version 0.0.1 runs" in serious(found, "reach")[0]
    assert "is not https" in serious(found, "tls")[0]
    browser = " ".join(serious(found, "browser"))
    for expected in (
        "without httponly, samesite, secure and with Domain=example.com",
        "may read answers",
        "cache-control arrives as 'public'",
    ):
        assert expected in browser
