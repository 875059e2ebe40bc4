"""Several tabs of one browser: none logs another one out."""

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from tests.pages.conftest import NewPage
from tests.pages.people import fill_in, home, register, sign_in
from tests.people import IPHONE, PASSWORD
from tests.server.running import Server

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.only_on("sqlite", because="a browser sees nothing of the database behind the API"),
]

ROUNDS = 40

REFRESH = """async (rounds) => {
  const { refresh } = await import(document.querySelector("script[src]").src.replace(/account[.]js$/, "api.js"));
  for (let round = 0; round < rounds; round += 1) await refresh();
  return rounds;
}"""

ASLEEP = "window.BroadcastChannel = class { postMessage() {} }; window.setInterval = () => 0"
"""A tab that hears nothing of others, and finds out when it refreshes."""

WITHOUT_TIMERS = "window.setInterval = () => 0"
SIGN_IN = """async ([email, password]) => {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch("/auth/login", { method: "POST", headers, body: JSON.stringify({ email, password }) });
  return (await answer.json()).user._id;
}"""
TELL = "(user) => new BroadcastChannel('keystead').postMessage({ kind: 'in', user })"

WITHOUT_LOCKS = "Object.defineProperty(navigator, 'locks', { value: undefined })"


async def two_tabs(new_page: NewPage, server: Server, email: str, script: str = "") -> list[Page]:
    first = await new_page()
    if script:
        await first.context.add_init_script(script)
    await register(first, server, email)
    second = await new_page(first.context)
    await second.goto(home(server))
    await expect(second.get_by_role("heading", name="Your devices")).to_be_visible()
    return [first, second]


async def ask_to_end_two_others(new_page: NewPage, tab: Page, server: Server, email: str) -> None:
    """Press the button, and leave the question open."""
    for _ in range(2):
        await sign_in(await new_page(), server, email)
    await tab.goto(home(server))
    await tab.get_by_role("button", name="Sign out all others").click()


async def are_signed_in(*pages: Page) -> None:
    for page in pages:
        await page.get_by_role("link", name="Profile").click()
        await expect(page.get_by_text("Account id")).to_be_visible()
        await page.reload()
        await expect(page.get_by_text("Account id")).to_be_visible()


async def test_tabs_that_refresh_without_end_at_the_same_moment_stay_signed_in(
    new_page: NewPage, server: Server
) -> None:
    tabs = await two_tabs(new_page, server, "tabs@example.com")

    done = await asyncio.gather(*(tab.evaluate(REFRESH, ROUNDS) for tab in tabs))

    assert done == [ROUNDS, ROUNDS]
    await are_signed_in(*tabs)


async def test_where_the_browser_has_no_locks_the_second_tab_tries_once_more(
    new_page: NewPage, server: Server
) -> None:
    tabs = await two_tabs(new_page, server, "unlocked@example.com", WITHOUT_LOCKS)
    refused: list[str] = []
    for tab in tabs:
        tab.on("response", lambda it: refused.append(it.url) if it.status == 401 else None)

    for _ in range(10):
        await asyncio.gather(*(tab.evaluate(REFRESH, 1) for tab in tabs))

    assert refused, "the tabs never raced, so this has shown nothing"
    await are_signed_in(*tabs)


async def test_signing_out_in_one_tab_signs_the_other_out(
    new_page: NewPage, server: Server
) -> None:
    first, second = await two_tabs(new_page, server, "both@example.com")

    await first.get_by_role("button", name="Sign out", exact=True).click()

    await expect(second.get_by_text("You signed out in another tab.")).to_be_visible()
    await fill_in(second, "both@example.com")
    await expect(first.get_by_role("heading", name="Your devices")).to_be_visible()


async def test_when_somebody_else_signs_in_in_one_tab_the_other_shows_them_too(
    new_page: NewPage, server: Server
) -> None:
    stranger = await new_page()
    await register(stranger, server, "else@example.com")
    first, second = await two_tabs(new_page, server, "before@example.com")
    await first.get_by_role("button", name="Sign out", exact=True).click()
    await sign_in(first, server, "else@example.com")

    await expect(second.locator(".who-name")).to_have_text("else@example.com")


@pytest.mark.timeout(180)
async def test_what_one_person_asked_for_is_not_done_to_who_signed_in_meanwhile(
    new_page: NewPage, server: Server
) -> None:
    phone = await new_page(user_agent=IPHONE)
    await register(phone, server, "meanwhile@example.com")
    first = await new_page()
    await register(first, server, "asking@example.com")
    asleep = await new_page(first.context)
    await asleep.add_init_script(ASLEEP)
    await ask_to_end_two_others(new_page, asleep, server, "asking@example.com")
    await first.get_by_role("button", name="Sign out", exact=True).click()
    await sign_in(first, server, "meanwhile@example.com")

    await asleep.get_by_role("button", name="Sign them out").click()

    await expect(asleep.locator(".who-name")).to_have_text("meanwhile@example.com")
    await phone.reload()
    await expect(phone.get_by_role("heading", name="Your devices")).to_be_visible()


@pytest.mark.timeout(180)
async def test_nor_if_the_other_tab_tells_of_them_while_this_one_refreshes(
    new_page: NewPage, server: Server
) -> None:
    phone = await new_page(user_agent=IPHONE)
    await register(phone, server, "told@example.com")
    first, second = await two_tabs(new_page, server, "teller@example.com", WITHOUT_TIMERS)
    await ask_to_end_two_others(new_page, second, server, "teller@example.com")
    # As another page of the origin would: no tab hears of it by itself.
    user = await first.evaluate(SIGN_IN, ["told@example.com", PASSWORD])
    is_asked, may_go_on = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        is_asked.set()
        await may_go_on.wait()
        await route.continue_()

    await second.route("**/auth/refresh", hold)
    await second.get_by_role("button", name="Sign them out").click()
    await is_asked.wait()
    await first.evaluate(TELL, user)
    await asyncio.sleep(0.5)
    may_go_on.set()

    await expect(second.locator(".who-name")).to_have_text("told@example.com")
    await phone.reload()
    await expect(phone.get_by_role("heading", name="Your devices")).to_be_visible()
