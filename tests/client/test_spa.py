"""examples/spa: the module for pages of one's own, against servers that run, and the proxy that its page shows."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.databases import Database
from tests.docs.markdown import ROOT, blocks, read
from tests.people import Person
from tests.server.proxies import NGINX_FRAME, find
from tests.server.running import (
    Server,
    client_of,
    eventually,
    free_port,
    is_listening,
    running,
)
from tests.web.expect import assert_problem

SPA = ROOT / "examples" / "spa"
LINES = 160
OF_MODULES = re.compile(r'^import .* from "(?!\.)([^"]+)";', re.MULTILINE)

MANY = {"KEYSTEAD_THROTTLE_REGISTRATIONS": "1000", "KEYSTEAD_THROTTLE_SIGN_INS": "1000"}
CROSS_SITE = {
    "COOKIE_SAME_SITE": "none",
    "COOKIE_SECURE": "true",
    "KEYSTEAD_ALLOWED_ORIGINS": "https://app.example",
}


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("node is needed")
        pytest.skip("node is not installed")
    return found


@pytest.fixture
def server(database: Database) -> Iterator[Server]:
    with running(database, **MANY) as started:
        yield started


@pytest.mark.only_on("sqlite", because="a page sees nothing of the database behind the API")
@pytest.mark.timeout(180)
def test_the_module_does_what_its_own_tests_say(
    node: str, server: Server, database: Database
) -> None:
    with running(database, **MANY, **CROSS_SITE) as cross_site:
        ran = subprocess.run(
            [node, "--test", str(SPA / "session.test.js")],
            env={
                "PATH": os.environ["PATH"],
                "KEYSTEAD_URL": f"http://127.0.0.1:{server.port}",
                "CROSS_SITE_URL": f"http://127.0.0.1:{cross_site.port}",
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    # What was not run would pass too.
    passed = re.search(r"^\W+ pass (\d+)$", ran.stdout, re.MULTILINE)
    assert passed, ran.stdout
    assert int(passed[1]) == read("examples/spa/session.test.js").count("\ntest(") + 4


@pytest.mark.parametrize("file", sorted(path.relative_to(SPA) for path in SPA.rglob("*.js")))
def test_a_file_is_javascript(node: str, file: Path) -> None:
    checked = subprocess.run(
        [node, "--check", str(SPA / file)], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stderr


def test_the_module_is_small_and_needs_nothing() -> None:
    text = read("examples/spa/session.js")

    assert len(text.splitlines()) < LINES
    assert OF_MODULES.findall(text) == []
    assert OF_MODULES.findall(read("examples/spa/useSession.js")) == ["react"]


async def test_the_proxy_of_the_page_makes_one_origin_of_both(
    server: Server, database: Database
) -> None:
    (site,) = (block.text for block in blocks(read("docs/how-to/spa.md")) if block.info == "nginx")
    assert "127.0.0.1:3020/" in site
    port = free_port()
    with nginx(database.folder, port, site.replace("3020", str(server.port))):
        async with client_of(port) as client:
            client.base_url = client.base_url.join("/accounts")
            bob = Person(client, "bob@example.com")
            client.headers["Origin"] = f"http://127.0.0.1:{port}"
            await bob.register()
            # As a page of this origin asks in a browser that only says Origin, and in one that says more.
            for says_more in (False, True):
                if says_more:
                    client.headers["Sec-Fetch-Site"] = "same-origin"
                assert (await bob.login()).status_code == 200
                assert (await bob.refresh()).status_code == 200
                assert await bob.is_signed_in()
            foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
            refused = await client.post("/auth/refresh", headers=foreign)
            assert_problem(refused, 403, "cross_site")


@contextmanager
def nginx(folder: Path, port: int, location: str) -> Iterator[None]:
    """Run nginx with the page's location."""
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX_FRAME.format(folder=folder, user=user))
    (folder / "site.conf").write_text(f"server {{ listen 127.0.0.1:{port};\n{location} }}")
    command = [find("nginx"), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command)
    try:
        eventually(lambda: is_listening(port))
        yield
    finally:
        process.terminate()
        process.wait(10)
