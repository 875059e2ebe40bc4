"""
The API, tried by its own document: schemathesis sends what the document allows and what it forbids.

A request that is not documented in its answer, that passes without credentials, that reaches what was
deleted, or that ends in an error of ours fails (OWASP ASVS 15.3.x, 16.5.x; API1, API8 and API9:2023).
"""

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.ledger import NOT_TRIED
from tests.databases import Database
from tests.people import PASSWORD
from tests.server.running import running

HERE = Path(__file__).parent

EXAMPLES = 20
"""Of each route, in each of its phases."""

SETTINGS = {
    # A refusal of one request in a thousand would hide what the others do.
    "KEYSTEAD_THROTTLE": "off",
    "SEED_ADMIN_ON_START": "true",
    "ADMIN_EMAIL": "ada@example.com",
    "ADMIN_PASSWORD": PASSWORD,
}


OFF = {
    "use_after_free /users/{user_id}/sessions": "takes ending all sessions for removing their list, "
    "which is there afterwards, and empty",
}
"""Checks that are not on, and why."""


def test_every_check_that_is_off_says_why() -> None:
    found = tomllib.loads((HERE / "schemathesis.toml").read_text())

    assert found["checks"] == {"enabled": True}
    assert set(OFF) == {
        f"{check} {operation['include-path']}"
        for operation in found["operations"]
        for check, options in operation["checks"].items()
        if not options.get("enabled", True)
    }


@pytest.mark.thorough
@pytest.mark.requirement(78, 81, 85, 87)
@pytest.mark.timeout(600)
@pytest.mark.parametrize("email", ["ada@example.com", "bob@example.com"])
def test_what_is_answered_is_documented_whatever_is_sent(
    database: Database, email: str, record_property: Callable[[str, object], None]
) -> None:
    for check, because in OFF.items():
        record_property(NOT_TRIED, f"{check}: {because}")
    with running(database, **SETTINGS) as server:
        url = f"http://127.0.0.1:{server.port}"
        tried = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli"),
                *("--config-file", str(HERE / "schemathesis.toml")),
                *("run", f"{url}/openapi.json", "--max-examples", str(EXAMPLES), "--no-color"),
            ],
            env={
                **os.environ,
                "SCHEMATHESIS_HOOKS": "tests.attacks.schemathesis_hooks",
                "PYTHONPATH": str(HERE.parents[1]),
                "KEYSTEAD_TRIED": f"{url} {email} {PASSWORD.replace(' ', '_')}",
            },
            cwd=database.folder,
            capture_output=True,
            text=True,
            check=False,
        )

        assert tried.returncode == 0, tried.stdout + tried.stderr
        assert "Traceback" not in server.output
