"""A real browser: whatever Chromium this machine has."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from stories.chromium import FLAGS, find_chromium
from stories.server import serve
from tests.databases import Server as Databases
from tests.people import PASSWORD
from tests.server.running import Server, running

ADMIN = "ada@example.com"
SLOW_MACHINE_MS = 45_000
expect.set_options(timeout=SLOW_MACHINE_MS)

NewPage = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One for all tests of a process."""
    program = find_chromium()
    if program is None:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium-headless-shell")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def server(
    server_of_databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The program for all tests of a process, with an admin; a proof of the password is good for two seconds."""
    settings = {
        "KEYSTEAD_STEP_UP_WINDOW": "2s",
        "KEYSTEAD_THROTTLE_REGISTRATIONS": "1000",
        "KEYSTEAD_THROTTLE_SIGN_INS": "1000",
        "SEED_ADMIN_ON_START": "true",
        "ADMIN_EMAIL": ADMIN,
        "ADMIN_PASSWORD": PASSWORD,
    }
    with (
        server_of_databases.fresh(tmp_path_factory.mktemp("pages")) as database,
        running(database, **settings) as started,
    ):
        yield started


@pytest.fixture(scope="session")
def stories() -> Iterator[str]:
    """Where the stories are served."""
    with serve() as address:
        yield address


@pytest_asyncio.fixture(loop_scope="session")
async def new_page(browser: Browser) -> AsyncIterator[NewPage]:
    """Open a page on a device of its own, or in *context*; what a script complains of fails the test."""
    opened: list[BrowserContext] = []
    complaints: list[str] = []

    async def open_page(context: BrowserContext | None = None, **device: Any) -> Page:
        if context is None:
            context = await new_device(browser, **device)
            opened.append(context)
        page = await context.new_page()
        listen_to(page, complaints)
        return page

    yield open_page
    for context in opened:
        await context.close()
    assert complaints == []


async def new_device(browser: Browser, **device: Any) -> BrowserContext:
    """Somebody's own browser, with nothing in it."""
    return await browser.new_context(locale="en-GB", reduced_motion="reduce", **device)


def listen_to(page: Page, complaints: list[str]) -> None:
    """Collect what a script of *page* complains of."""
    page.set_default_timeout(SLOW_MACHINE_MS)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if is_refusal(said.text) else None)


def is_refusal(text: str) -> bool:
    """Whether the browser says that the page broke its own policy."""
    if text.startswith("Framing "):  # The page of the attacker, who is refused.
        return False
    return "Content Security Policy" in text or "TrustedHTML" in text or "TrustedScript" in text
