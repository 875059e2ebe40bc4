"""Every page in every state: anybody can use it, and text stays text."""

from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from stories.canned import XSS
from stories.screenshots import show
from stories.states import STORIES
from tests.pages.conftest import NewPage, listen_to, new_device
from tests.pages.people import home, register
from tests.server.running import Server

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.only_on("sqlite", because="a browser sees nothing of the database behind the API"),
]

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
FIRST_PAINT_MS = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
USUAL_PAINT_MS = 150
FAIR_MOBILE_LINE = {
    "offline": False,
    "latency": 150,  # milliseconds, there and back
    "downloadThroughput": 200_000,  # bytes in a second: 1.6 Mbit/s
    "uploadThroughput": 93_750,
}
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}

SAME_COLOURS = ("-loading", "-unavailable", "-none", "-nobody", "-nowhere", "-gone", "-offline")
"""Ends of names of states whose parts other states show too; their colours are looked at there."""

IS_DARK_AND_NARROW = """(width) =>
  innerWidth === width && matchMedia("(prefers-color-scheme: dark)").matches"""
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"

FIND = """async (rules) => {
  const options = {resultTypes: ["violations"], iframes: false};
  if (rules) options.runOnly = {type: "rule", values: rules};
  const {violations} = await axe.run(document, options);
  return violations.map(({id, nodes}) => [id, nodes.map((node) => node.html.slice(0, 160) + node.failureSummary)]);
}"""


async def violations(page: Page, *rules: str) -> Any:
    if not await page.evaluate("typeof axe !== 'undefined'"):
        await page.evaluate(AXE)
    return await page.evaluate(FIND, list(rules) or None)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def page_of_all(browser: Browser) -> AsyncIterator[tuple[Page, list[str]]]:
    """One page for every story, since a new one takes as long as a look at it, and what it complains of."""
    device = await new_device(browser)
    page, complaints = await device.new_page(), list[str]()
    listen_to(page, complaints)
    yield page, complaints
    await device.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(page_of_all: tuple[Page, list[str]]) -> AsyncIterator[Page]:
    """That page with nothing kept, in the light, on a desk."""
    page, complaints = page_of_all
    complaints.clear()
    await page.goto("about:blank")
    await page.context.clear_cookies()
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(DESKTOP)  # type: ignore[arg-type] # two integers
    yield page
    await page.evaluate("localStorage.clear()")
    assert complaints == []


@pytest.mark.parametrize("name", STORIES)
async def test_axe_finds_nothing_and_nothing_is_cut_off(
    page: Page, stories: str, name: str
) -> None:
    await show(page, stories, name)

    assert await violations(page) == []
    await page.emulate_media(color_scheme="dark")
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type] # two integers
    await page.wait_for_function(IS_DARK_AND_NARROW, arg=PHONE["width"])
    await page.evaluate(TWO_FRAMES)  # Colours change with the next one.
    if not name.endswith(SAME_COLOURS):
        assert await violations(page, "color-contrast", "target-size") == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


async def test_a_sign_out_that_does_not_get_through_is_not_said_to_be_one(
    new_page: NewPage, stories: str
) -> None:
    page = await new_page()
    await show(page, stories, "sign-out-fails")

    await expect(page.get_by_text("The service is not available right now")).to_be_visible()
    await expect(page.get_by_role("heading", name="Your devices")).to_be_visible()


async def test_whoever_cannot_go_on_with_a_session_of_another_page_can_sign_in(
    new_page: NewPage, stories: str
) -> None:
    page = await new_page()
    await show(page, stories, "opened-by-another-page")

    await expect(page.get_by_label("E-mail address")).to_be_visible()


async def test_only_a_device_that_appeared_lately_in_another_country_is_in_a_new_place(
    new_page: NewPage, stories: str
) -> None:
    page = await new_page()
    await show(page, stories, "devices")

    marked = page.locator(".device", has=page.get_by_text("New place"))
    assert await marked.count() == 1
    await expect(marked).to_contain_text("Hanoi, Vietnam")  # Lisbon: since 24 days


async def test_markup_in_every_name_is_shown_as_it_is(new_page: NewPage, stories: str) -> None:
    page = await new_page()
    await show(page, stories, "devices-hostile")

    await expect(page.get_by_text(XSS).first).to_be_visible()
    assert await page.locator("#app img").count() == 0
    assert await page.title() != "owned"


async def test_markup_in_a_user_agent_and_an_address_stays_text(
    new_page: NewPage, server: Server
) -> None:
    page = await new_page(user_agent=f"{XSS} Firefox/145.0")
    await register(page, server, "b'b&x=1@example.com")

    await expect(page.get_by_text("b'b&x=1@example.com")).to_be_visible()
    assert await page.locator("#app img").count() == 0
    assert await page.title() != "owned"


async def test_a_script_cannot_turn_text_into_markup_on_these_pages(
    browser: Browser, server: Server
) -> None:
    page = await (await browser.new_context()).new_page()
    await page.goto(home(server))

    refused = await page.evaluate(
        """() => { try { document.body.innerHTML = "<p>"; return null; } catch (error) { return error.name; } }"""
    )

    assert refused == "TypeError"
    await page.context.close()


async def test_the_first_page_is_small_and_is_painted_soon_on_a_slow_line(
    browser: Browser, server: Server
) -> None:
    paints: dict[bool, list[float]] = {False: [], True: []}
    for is_slow in (False, True, True, True):
        page = await (await browser.new_context()).new_page()
        received = await listen(page, is_slow=is_slow)
        await page.goto(home(server))
        await expect(page.get_by_role("heading", name="Sign in to")).to_be_visible()
        paints[is_slow].append(await page.evaluate(FIRST_PAINT_MS))
        assert 0 < sum(received) <= 60 * 1024
        await page.context.close()

    # What it takes without the line, beyond what it takes on a machine of our own, is other programs'.
    others = max(0.0, min(paints[False]) - USUAL_PAINT_MS)
    assert min(paints[True]) - others < 1000


async def listen(page: Page, *, is_slow: bool) -> list[int]:
    """Give the page a line. Returns: the bytes of each answer, as they come."""
    session = await page.context.new_cdp_session(page)
    received: list[int] = []
    session.on("Network.loadingFinished", lambda it: received.append(int(it["encodedDataLength"])))
    await session.send("Network.enable")
    if is_slow:
        await session.send("Network.emulateNetworkConditions", FAIR_MOBILE_LINE)
    return received
