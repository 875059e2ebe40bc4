"""Administering with the pages."""

import asyncio
import re

import pytest
from playwright.async_api import Page, expect

from tests.pages.conftest import ADMIN, NewPage
from tests.pages.people import device, fill_in, home, look_again, register, sign_in
from tests.people import IPHONE, PASSWORD
from tests.server.running import Server

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.only_on("sqlite", because="a browser sees nothing of the database behind the API"),
]

STEP_UP_SECONDS = 2.2
"""A little more than the window that the server was started with."""


async def admin(new_page: NewPage, server: Server) -> Page:
    """Ada, looking at the overview."""
    page = await new_page()
    await sign_in(page, server, ADMIN, "/admin")
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    return page


async def confirm(page: Page, action: str) -> None:
    """Press a button, say yes, and prove the password if that is asked for."""
    await page.get_by_role("button", name=action, exact=True).first.click()
    await page.get_by_role("dialog").get_by_role("button", name=action, exact=True).click()


async def end_the_others(page: Page) -> None:
    """End every session but this one: other tests may have left some."""
    others = page.get_by_role("button", name=re.compile("^Sign out (all others|.*, .*)"))
    are_many = await others.first.inner_text() == "Sign out all others"
    await others.first.click()
    if are_many:
        await page.get_by_role("button", name="Sign them out").click()


async def prove(page: Page) -> None:
    await page.get_by_role("dialog").last.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Continue").click()


async def test_who_is_disabled_while_looking_at_a_page_is_out_on_the_next_click(
    new_page: NewPage, server: Server
) -> None:
    bob = await new_page(user_agent=IPHONE)
    await register(bob, server, "bob@example.com")
    ada = await admin(new_page, server)

    await ada.get_by_role("link", name="Users").click()
    await ada.get_by_label("Search").fill("bob")
    await expect(ada.get_by_role("row")).to_have_count(2)
    await ada.get_by_role("link", name="bob@example.com").click()
    await expect(device(ada, "Safari on iPhone")).to_be_visible()
    await asyncio.sleep(STEP_UP_SECONDS)
    await confirm(ada, "Disable account")
    await prove(ada)
    await expect(ada.get_by_text("bob@example.com is disabled.")).to_be_visible()
    await expect(ada.get_by_text("Not signed in anywhere").first).to_be_visible()

    await bob.get_by_role("link", name="Profile").click()
    await expect(bob.get_by_text("You were signed out")).to_be_visible()

    await ada.get_by_role("button", name="Undo").click()
    await expect(ada.get_by_role("button", name="Disable account")).to_be_visible()


async def test_what_one_admin_did_the_next_one_cannot_undo_by_mistake(
    new_page: NewPage, server: Server
) -> None:
    await register(await new_page(), server, "frank@example.com")
    ada = await admin(new_page, server)
    await ada.goto(home(server, "/admin/users?search=frank"))
    await ada.get_by_role("link", name="frank@example.com").click()
    await confirm(ada, "Disable account")
    await expect(ada.get_by_role("button", name="Undo")).to_be_visible()
    await ada.locator(".toast").hover()  # It stays for as long as the pointer is on it.

    await ada.get_by_role("button", name="Sign out", exact=True).focus()
    await ada.keyboard.press("Enter")

    await expect(ada.get_by_role("heading", name="Sign in to")).to_be_visible()
    await expect(ada.get_by_role("button", name="Undo")).to_have_count(0)


async def test_a_link_that_is_no_address_of_an_account_leads_to_no_page(
    new_page: NewPage, server: Server
) -> None:
    ada = await admin(new_page, server)
    for path in ("/admin/users/%", "/admin/users/%E0%A4%A"):
        await ada.goto(home(server, path))
        await expect(ada.get_by_text("There is no such page").first).to_be_visible()


async def test_a_role_is_given_and_taken_back(new_page: NewPage, server: Server) -> None:
    carol = await new_page()
    await register(carol, server, "carol@example.com")
    ada = await admin(new_page, server)
    await ada.goto(home(server, "/admin/users?search=carol"))
    await ada.get_by_role("link", name="carol@example.com").click()

    await confirm(ada, "Make administrator")
    await carol.goto(home(server, "/admin"))
    await expect(carol.get_by_role("heading", name="Overview")).to_be_visible()

    await ada.get_by_role("button", name="Undo").click()
    await expect(ada.get_by_role("button", name="Make administrator")).to_be_visible()
    await carol.reload()
    await expect(carol.get_by_text("This page is for administrators").last).to_be_visible()


async def test_what_happened_is_found_by_person(new_page: NewPage, server: Server) -> None:
    page = await new_page()
    await register(page, server, "dave@example.com")
    ada = await admin(new_page, server)

    await ada.get_by_role("link", name="Audit log").click()
    await ada.get_by_label("Whose").fill("dave@example.com")
    await ada.get_by_label("Whose").press("Enter")

    await expect(ada.get_by_role("rowheader")).to_have_text(["Account created"])
    await ada.get_by_label("Part").select_option("actor")
    await expect(ada.get_by_role("rowheader")).to_have_text(["Signed in"])
    await ada.get_by_label("What happened").select_option("authn_token_reuse")
    await expect(ada.get_by_text("Nothing recorded")).to_be_visible()


async def test_what_was_typed_is_still_there_after_signing_in_again(
    new_page: NewPage, server: Server
) -> None:
    ada = await admin(new_page, server)
    await ada.get_by_role("link", name="Users").click()
    await ada.get_by_label("Search").fill("zoe")
    await expect(ada.get_by_text("Nobody found")).to_be_visible()
    other = await new_page()
    await sign_in(other, server, ADMIN)
    await end_the_others(other)
    await expect(other.get_by_text("No other devices")).to_be_visible()

    await ada.get_by_label("Search").fill("zoe h")
    await expect(ada.get_by_text("You were signed out")).to_be_visible()
    await ada.get_by_label("Password", exact=True).fill(PASSWORD)
    await ada.locator("button[type=submit]").click()

    await expect(ada.get_by_label("Search")).to_have_value("zoe h")


async def test_an_account_is_deleted_from_the_list(new_page: NewPage, server: Server) -> None:
    page = await new_page()
    await register(page, server, "erin@example.com")
    ada = await admin(new_page, server)
    await ada.goto(home(server, "/admin/users?search=erin"))
    await ada.get_by_label("Actions for erin@example.com").click()
    await ada.get_by_role("button", name="Delete account").click()
    dialog = ada.get_by_role("dialog")
    await dialog.get_by_role("textbox").fill("erin@example.com")
    await dialog.get_by_role("button", name="Delete account").click()

    await expect(ada.get_by_text("erin@example.com is deleted.")).to_be_visible()
    await expect(ada.get_by_text("Nobody found")).to_be_visible()
    await look_again(page)
    await expect(page.get_by_text("You were signed out")).to_be_visible()
    await fill_in(page, "erin@example.com")
    await expect(page.get_by_role("alert")).to_be_visible()
