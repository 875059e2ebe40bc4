"""examples/spa/session.js in a real browser, with its own locks, cookies and channels between tabs."""

import json

import pytest
from playwright.async_api import BrowserContext, Page, Route

from tests.docs.markdown import read
from tests.pages.conftest import NewPage
from tests.pages.people import home
from tests.people import PASSWORD
from tests.server.running import Server

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.only_on("sqlite", because="a browser sees nothing of the database behind the API"),
]

HTML = """<!doctype html><script type="module">
import { createSession } from "/spa/session.js";
globalThis.session = createSession();
</script>"""


async def tab(context: BrowserContext, server: Server, new_page: NewPage) -> Page:
    """A page of this origin that uses the module as an application does."""
    page = await new_page(context)
    await page.goto(home(server, "/spa/page"))
    await page.wait_for_function("globalThis.session")
    await page.evaluate("session.start()")
    return page


async def serve(route: Route) -> None:
    is_module = route.request.url.endswith(".js")
    body, kind = (read("examples/spa/session.js"), "javascript") if is_module else (HTML, "html")
    await route.fulfill(body=body, content_type=f"text/{kind}")


async def status(page: Page) -> str:
    said: str = await page.evaluate("session.current().status")
    return said


async def test_tabs_refresh_in_turns_and_sign_out_together(
    new_page: NewPage, server: Server
) -> None:
    first = await new_page()
    context = first.context
    await context.route("**/spa/*", serve)
    one = await tab(context, server, new_page)
    assert await status(one) == "out"

    email = json.dumps("spa@example.com")
    await one.evaluate(f"session.register({email}, {json.dumps(PASSWORD)})")
    await one.evaluate(f"session.signIn({email}, {json.dumps(PASSWORD)})")
    two = await tab(context, server, new_page)
    assert (await status(one), await status(two)) == ("in", "in")

    # A refresh each, ten times over, all at the same moment.
    for page in (one, two):
        await page.evaluate(
            "() => { globalThis.done = (async () => { for (let n = 0; n < 10; n += 1) await session.start(); })(); }"
        )
    for page in (one, two):
        await page.evaluate("done")
        assert await status(page) == "in"
        answered = "session.fetch('/profile').then((answer) => answer.status)"
        assert await page.evaluate(answered) == 200

    await one.evaluate("session.signOut()")
    await two.wait_for_function("session.current().status === 'out'")
