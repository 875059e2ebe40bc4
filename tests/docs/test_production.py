"""docs/production.md leads from nothing to two processes behind nginx: every command in it is run."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.databases import Database
from tests.databases.postgres_server import find_programs
from tests.docs.markdown import blocks, read
from tests.docs.tour import check, paste, steps
from tests.server.proxies import find
from tests.server.running import eventually, free_port, is_listening

PAGE = read("docs/production.md")
NAME = "accounts.example.com"
LISTENING = ("3020", "3021", "9460", "9461")

pytestmark = [
    pytest.mark.only_on("postgres", because="the page is about that"),
    pytest.mark.timeout(300),
]


def test_every_command_does_what_the_page_says(database: Database) -> None:
    folder, ports = database.folder, {name: str(free_port()) for name in (*LISTENING, "443")}
    tour = steps(PAGE)

    def adapted(script: str) -> str:
        script = re.sub(r"postgresql://\S+", database.url, script)
        for name in LISTENING:
            script = script.replace(f":{name}", f":{ports[name]}")
            script = script.replace(f"PORT={name}", f"PORT={ports[name]}")
        return script

    with nginx(folder, ports):
        printed = paste(tour, folder, environment(folder, ports["443"]), adapted, seconds=240)

    check(tour, printed)


def test_what_makes_the_database_is_in_the_page_as_it_is_elsewhere() -> None:
    made = [block.text for block in blocks(PAGE) if block.info == "sql"]

    assert len(made) == 1
    assert made[0].splitlines()[1] in read("docs/operations.md")


def test_every_block_of_commands_is_run() -> None:
    assert {block.info for block in blocks(PAGE)} == {"sh tour", "text", "sql"}


@contextmanager
def nginx(folder: Path, ports: dict[str, str]) -> Iterator[None]:
    """The site of deploy/, with a certificate and ports of its own."""
    certificate = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-days", "2"]
    files = ["-keyout", "key.pem", "-out", "crt.pem"]
    command = ["openssl", "req", *certificate, *names, *files]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    site = read("deploy/nginx/keystead.conf")
    for old, new in (
        ("127.0.0.1:3020", f"127.0.0.1:{ports['3020']}"),
        ("127.0.0.1:3021", f"127.0.0.1:{ports['3021']}"),
        ("listen 443 ssl", f"listen 127.0.0.1:{ports['443']} ssl"),
        ("listen 80", f"listen 127.0.0.1:{free_port()}"),
    ):
        assert old in site
        site = site.replace(old, new)
    site = re.sub(r"/etc/\S+/fullchain.pem", str(folder / "crt.pem"), site)
    site = re.sub(r"/etc/\S+/privkey.pem", str(folder / "key.pem"), site)
    user = "user root;" if os.geteuid() == 0 else ""
    kept = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {folder}/nginx.pid; events {{}} "
        f"http {{ access_log off; {kept} {site} }}"
    )
    process = subprocess.Popen(
        [find("nginx"), "-c", str(folder / "nginx.conf"), "-e", str(folder / "nginx.log")]
    )
    try:
        eventually(lambda: is_listening(int(ports["443"])))
        yield
    finally:
        process.terminate()
        process.wait(10)


def environment(folder: Path, https_port: str) -> dict[str, str]:
    """Somebody whose curl finds that name here, and knows that certificate."""
    (folder / ".curlrc").write_text(
        f'connect-to = "{NAME}:443:127.0.0.1:{https_port}"\ncacert = "{folder / "crt.pem"}"\nnoproxy = "*"\n'
    )
    path = f"{find_programs()}:{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(folder), "CURL_HOME": str(folder)}
