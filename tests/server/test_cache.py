"""
A cache in front that keeps whatever it may: nobody is ever given what was another's.

OWASP ASVS 14.2.2, 14.3.2; RFC 9111 section 3; CVE-2023-30861.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.databases import Database
from tests.people import Person
from tests.server.running import Server, answers, client_of, eventually, free_port, running

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  proxy_cache_path {folder}/cache keys_zone=kept:1m;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{behind};
      proxy_set_header Host $http_host;
      proxy_cache kept;
      proxy_cache_key $request_uri;
      proxy_cache_methods GET HEAD POST;
      proxy_cache_valid any 10m;
      add_header X-Cache $upstream_cache_status always;
    }}
  }}
}}
"""
"""As a careless operator writes it: everything is kept for ten minutes unless an answer forbids it."""


def find_nginx() -> str:
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("nginx is needed")
        pytest.skip("nginx is not installed")
    return found


@contextmanager
def cached(server: Server, folder: Path) -> Iterator[int]:
    """Put nginx with a cache before *server*. Yields: its port."""
    nginx, port = find_nginx(), free_port()
    written = folder / "nginx.conf"
    text = CONFIGURATION.format(folder=folder, port=port, behind=server.port)
    if os.geteuid() == 0:  # It would become somebody who cannot read a test's folder.
        text = "user root;" + text
    written.write_text(text)
    process = subprocess.Popen([nginx, "-c", str(written), "-e", str(folder / "error.log")])
    try:
        eventually(lambda: answers(port))
        yield port
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.requirement(76)
async def test_a_cache_in_front_gives_nobody_what_was_anothers(
    database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "nginx"
    folder.mkdir()
    with running(database) as server, cached(server, folder) as port:
        async with client_of(port) as first, client_of(port) as second:
            ada, bob = await signed_in(first, "ada"), await signed_in(second, "bob")

            for path in ("/profile", "/sessions", f"/users/{bob.id}"):
                one, other = await ada.get(path), await bob.get(path)
                assert (one.headers["x-cache"], other.headers["x-cache"]) == ("MISS", "MISS")
                assert one.text != other.text
                assert "bob@" not in one.text
            assert (await ada.refresh()).json() != (await bob.refresh()).json()
            async with client_of(port) as nobody:
                for path in ("/profile", "/sessions", f"/users/{bob.id}"):
                    assert (await nobody.get(path)).status_code == 401
            await bob.client.post("/auth/logout")
            assert (await bob.profile()).status_code == 401

            # The cache does keep what it may: a part of the documentation, the second time.
            kept = [await first.get("/docs/start.js") for _ in range(2)]
            assert [answer.headers["x-cache"] for answer in kept] == ["MISS", "HIT"]


async def signed_in(client: httpx.AsyncClient, name: str) -> Person:
    person = Person(client, f"{name}@example.com")
    assert (await person.register()).status_code == 201
    assert (await person.login()).status_code == 200
    return person
