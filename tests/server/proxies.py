"""nginx, Traefik and Caddy, configured as docs/forward-auth.md says, and a service behind them."""

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from posixpath import normpath
from typing import Any, Self
from urllib.parse import unquote

import httpx
import pytest

from tests.docs.markdown import blocks, read, section
from tests.server.running import eventually, free_port

PAGE = read("docs/forward-auth.md")

NGINX_FRAME = """
{user}daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include site.conf;
}}
"""

ODD_PATHS = r"""
/admin%2fusers /admin%2Fusers /admin%00/x /admin;a/x /admin%3ba/x /admin%5cx /admin\x /admin%3fx
/admin%23x /admin%252fx /admin%2500/x /%61dmin/x //admin/x /./admin/x /x/../admin/x /x/%2e%2e/admin/x
/x/..%2fadmin/x /x%2f..%2fadmin /x/..;/admin/x /x/..%3b/admin/x /x\..\admin\x /x/..%5cadmin/x
/x/..%252fadmin/x /admin/.. /admin/files/../../x /admin/files/..%2f..%2fx /admin/files/%2e%2e/%2E%2E/x
/admin/files/../../public/x /admin/files/..%2f..%2fpublic/x /x/../public/x /x/..%2fpublic/x
/public/../x /public/.. /public/..%2fx /public/%2e%2e/x /public%2f..%2fx /public%2fx /public/..;/x
/public/..%3bx/x /public/..\x /public/..%5cx /public/..%252fx //public/x /public/;/../x /public;/x
/public%00/../x /public/%00/../../admin/x /public//../admin/x
"""
UNRESERVED = re.compile(r"%(2[de]|3\d|4[1-9a-f]|5[\daf]|6[1-9a-f]|7[\dae])", re.IGNORECASE)

Command = Callable[[Path, list[str], str], list[str]]


def find(program: str) -> str:
    """Return where *program* is; nginx must be there in CI, the others are tried where they are."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        if program == "nginx" and os.environ.get("CI") == "true":
            pytest.fail("nginx is needed")
        pytest.skip(f"{program} is not installed")
    return found


def nginx(folder: Path, texts: list[str], program: str) -> list[str]:
    user = "user root;" if os.geteuid() == 0 else ""  # It would become one who cannot read here.
    site, verify = texts
    (folder / "nginx.conf").write_text(NGINX_FRAME.format(folder=folder, user=user))
    (folder / "site.conf").write_text(site)
    (folder / "keystead-verify.inc").write_text(verify)
    return [program, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]


def traefik(folder: Path, texts: list[str], program: str) -> list[str]:
    static, dynamic = texts
    (folder / "traefik.yml").write_text(static)
    (folder / "dynamic.yml").write_text(dynamic)
    return [program, "--configfile=traefik.yml"]


def caddy(folder: Path, texts: list[str], program: str) -> list[str]:
    (folder / "Caddyfile").write_text("{\n\tadmin off\n}\n" + texts[0])  # No port of its own.
    return [program, "run", "--config", "Caddyfile", "--adapter", "caddyfile"]


PROXIES: dict[str, tuple[str, Command]] = {
    "nginx": ("## nginx", nginx),
    "traefik": ("## Traefik", traefik),
    "caddy": ("## Caddy", caddy),
}


@contextmanager
def proxy(name: str, folder: Path, keystead: int, service: int) -> Iterator[int]:
    """Run the proxy as documented, before Keystead and a service on these ports. Yields: its port."""
    program = find(name)
    heading, prepare = PROXIES[name]
    port = free_port()
    texts = [block.text for block in blocks(section(PAGE, heading))]
    for old, new in (
        ("127.0.0.1:3020", f"127.0.0.1:{keystead}"),
        ("127.0.0.1:8000", f"127.0.0.1:{service}"),
        ("listen 8080", f"listen 127.0.0.1:{port}"),
        ('":8080"', f'"127.0.0.1:{port}"'),
        (":8080 {", f"http://127.0.0.1:{port} {{"),
    ):
        texts = [text.replace(old, new) for text in texts]
    command = prepare(folder, texts, program)
    home = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    with (folder / "proxy.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=home, stdout=log, stderr=log)
    try:
        eventually(lambda: has_routes(port))
        yield port
    finally:
        process.terminate()
        process.wait(10)


def has_routes(port: int) -> bool:
    """Whether it does what it is configured for: Traefik listens a moment before it has read that."""
    with suppress(httpx.TransportError):
        return (
            httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code
            != HTTPStatus.NOT_FOUND
        )
    return False


class Service:
    """A service behind the proxy that says what it was sent, and remembers it."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                size = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(size).decode()
                request = {"path": self.path, "headers": self.headers.items(), "body": body}
                service.seen.append(request)
                answer = json.dumps(request).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET  # noqa: N815 - the name that the library calls.

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def ask(port: int, path: str, headers: dict[str, str]) -> int:
    """Return the status for exactly this *path*, of which httpx would make another one."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def folders(target: str) -> set[str]:
    """
    Return the first folder of every path that a service could serve for this request *target*.

    Some route by the path as it came (RFC 3986, 6.2.2: letters, digits and "-._~" are the same encoded or
    not), ASGI servers decode it once, some frameworks once more. Some end a segment at ";" or a path at
    NUL, or take a backslash for a slash. Files are looked up with the dots resolved.
    """
    raw = UNRESERVED.sub(lambda found: unquote(found[0]), target.partition("?")[0])
    read = {raw, unquote(raw), unquote(unquote(raw))}
    read |= {re.sub(r";[^/]*", "", each) for each in read}
    read |= {re.split(r"[\0?#]", each)[0] for each in read}
    read |= {each.replace("\\", "/") for each in read}
    read |= {normpath(each) for each in read}
    return {each.split("/")[1] for each in read}
