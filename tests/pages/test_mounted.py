"""The pages below the path at which another application has mounted Keystead."""

import pytest
from playwright.async_api import Page, expect

from tests.databases import Database
from tests.pages.conftest import NewPage
from tests.pages.people import fill_in
from tests.server.mounted import PATH, mounted

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.only_on("sqlite", because="a browser sees nothing of the database behind the API"),
    pytest.mark.timeout(120),
]


async def is_at(page: Page, path: str) -> None:
    await expect(page).to_have_url(page.url.partition(PATH)[0] + PATH + path)


async def test_somebody_registers_looks_around_reloads_and_leaves(
    new_page: NewPage, database: Database
) -> None:
    with mounted(database) as server:
        page = await new_page()
        await page.goto(f"http://127.0.0.1:{server.port}{PATH}/account")
        await page.get_by_role("link", name="Create account").click()
        await is_at(page, "/account/register")
        await fill_in(page, "bob@example.com")
        await expect(page.get_by_text("No other devices")).to_be_visible()
        await is_at(page, "/account")

        await page.get_by_role("link", name="Profile").click()
        await is_at(page, "/account/profile")
        await expect(page.get_by_text("Account id")).to_be_visible()
        await page.reload()
        await expect(page.get_by_text("Account id")).to_be_visible()
        await page.go_back()
        await is_at(page, "/account")
        await expect(page.get_by_text("No other devices")).to_be_visible()

        await page.get_by_role("button", name="Sign out", exact=True).click()
        await expect(page.get_by_label("Password", exact=True)).to_be_visible()
