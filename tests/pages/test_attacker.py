"""A page of another origin, in the browser of somebody who is signed in, can do nothing."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.async_api import Page, expect

from tests.pages.conftest import NewPage
from tests.pages.people import register
from tests.server.running import Server

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.only_on("sqlite", because="a browser sees nothing of the database behind the API"),
]


class Evil(BaseHTTPRequestHandler):
    """An empty page, for the test to fill."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>evil</title><body>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def evil() -> Iterator[str]:
    """Another site: for a browser, 127.0.0.1 has nothing to do with localhost."""
    site = ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{site.server_port}/"
    site.shutdown()
    site.server_close()


@pytest.fixture
def victim_of(server: Server) -> str:
    return f"http://localhost:{server.port}"


async def signed_in(new_page: NewPage, server: Server, email: str) -> Page:
    page = await new_page()
    await register(page, server, email)
    return page


async def still_signed_in(page: Page) -> None:
    await page.reload()
    await expect(page.get_by_text("This device")).to_be_visible()


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain"])
async def test_a_form_signs_nobody_out(
    new_page: NewPage, server: Server, evil: str, kind: str
) -> None:
    victim = await signed_in(new_page, server, f"form-{len(kind)}@example.com")
    attack = await new_page(victim.context)
    await attack.goto(evil)
    target = f"http://localhost:{server.port}/auth/logout"

    async with attack.expect_navigation():
        await attack.evaluate(
            """([action, enctype]) => {
              const form = Object.assign(document.createElement("form"), {method: "post", action, enctype});
              document.body.append(form);
              form.submit();
            }""",
            [target, kind],
        )

    assert "cross_site" in await attack.content()
    await still_signed_in(victim)


async def test_fetch_reads_nothing_and_changes_nothing(
    new_page: NewPage, server: Server, evil: str, victim_of: str
) -> None:
    victim = await signed_in(new_page, server, "fetch@example.com")
    attack = await new_page(victim.context)
    await attack.goto(evil)

    outcomes = await attack.evaluate(
        """async (home) => {
          const tried = [];
          for (const [path, method] of [["/auth/refresh", "POST"], ["/auth/logout", "POST"], ["/sessions", "DELETE"], ["/profile", "GET"]])
            for (const mode of ["cors", "no-cors"])
              tried.push(await fetch(home + path, {method: mode === "no-cors" && method === "DELETE" ? "POST" : method, mode, credentials: "include"})
                .then((answer) => answer.type === "opaque" ? "opaque" : answer.status, () => "refused"));
          return tried;
        }""",
        victim_of,
    )

    assert set(outcomes) <= {"refused", "opaque"}
    await still_signed_in(victim)


@pytest.mark.parametrize("path", ["/account", "/admin", "/account/profile"])
async def test_no_page_can_be_framed(
    new_page: NewPage, evil: str, victim_of: str, path: str
) -> None:
    page = await new_page()
    await page.goto(evil)

    await page.evaluate(
        """(src) => new Promise((done) => {
          const frame = Object.assign(document.createElement("iframe"), {src, onload: done, onerror: done});
          document.body.append(frame);
        })""",
        victim_of + path,
    )

    (frame,) = page.frames[1:]
    assert "Keystead" not in await frame.content()
    assert frame.url.startswith("chrome-error:")
