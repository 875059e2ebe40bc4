"""What a person does on the pages."""

import re

from playwright.async_api import Locator, Page, expect

from tests.people import PASSWORD
from tests.server.running import Server


def home(server: Server, path: str = "/account") -> str:
    return f"http://localhost:{server.port}{path}"


async def fill_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """Fill in the form that is shown, and send it."""
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.locator("button[type=submit]").click()


async def register(page: Page, server: Server, email: str) -> None:
    await page.goto(home(server, "/account/register"))
    await fill_in(page, email)
    await expect(page.get_by_role("heading", name="Your devices")).to_be_visible()


async def sign_in(page: Page, server: Server, email: str, path: str = "/account") -> None:
    await page.goto(home(server, path))
    await fill_in(page, email)
    await expect(page.get_by_role("button", name="Sign out", exact=True).first).to_be_visible()


def device(page: Page, name: str) -> Locator:
    """The row of another device."""
    return page.locator("li", has=page.get_by_text(re.compile(name)))


async def look_again(page: Page) -> None:
    """Come back to the page: it then looks at once, and not only after some seconds."""
    await page.evaluate("dispatchEvent(new Event('focus'))")
