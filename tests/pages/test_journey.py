"""Somebody registers, signs in on two devices, ends one, and leaves."""

import pytest
from playwright.async_api import Page, expect

from tests.pages.conftest import NewPage
from tests.pages.people import device, fill_in, home, look_again, register, sign_in
from tests.people import IPHONE, PASSWORD
from tests.server.running import Server

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.only_on("sqlite", because="a browser sees nothing of the database behind the API"),
]

HERE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"


async def two_devices(new_page: NewPage, server: Server, email: str) -> tuple[Page, Page]:
    here, phone = await new_page(user_agent=HERE), await new_page(user_agent=IPHONE)
    await register(here, server, email)
    await sign_in(phone, server, email)
    await look_again(here)
    await expect(device(here, "Safari on iPhone")).to_be_visible()
    return here, phone


async def test_a_device_that_is_ended_is_out_on_its_next_click(
    new_page: NewPage, server: Server
) -> None:
    here, phone = await two_devices(new_page, server, "ended@example.com")

    await device(here, "Safari on iPhone").get_by_role("button").click()

    await expect(here.get_by_text("Safari on iPhone is signed out.")).to_be_visible()
    await expect(device(here, "Safari on iPhone")).to_have_count(0)
    await expect(here.get_by_text("No other devices")).to_be_visible()
    await phone.get_by_role("link", name="Profile").click()
    await expect(phone.get_by_text("You were signed out")).to_be_visible()
    await expect(phone.get_by_label("E-mail address")).to_have_value("ended@example.com")
    await expect(phone.get_by_text("Account id")).not_to_be_visible()
    await phone.get_by_label("Password", exact=True).fill(PASSWORD)
    await phone.locator("button[type=submit]").click()
    await expect(phone.get_by_text("Account id")).to_be_visible()


async def test_all_others_are_ended_after_a_question(new_page: NewPage, server: Server) -> None:
    here, phone = await two_devices(new_page, server, "others@example.com")
    tablet = await new_page()
    await sign_in(tablet, server, "others@example.com")
    await look_again(here)

    await here.get_by_role("button", name="Sign out all others").click()
    await expect(here.get_by_role("dialog")).to_contain_text("Sign out 2 other devices?")
    await here.get_by_role("button", name="Sign them out").click()

    await expect(here.get_by_text("No other devices")).to_be_visible()
    for other in (phone, tablet):
        await look_again(other)
        await expect(other.get_by_text("You were signed out")).to_be_visible()


async def test_an_account_is_deleted_only_if_its_address_is_typed(
    new_page: NewPage, server: Server
) -> None:
    page = await new_page()
    await register(page, server, "leaving@example.com")
    await page.get_by_role("link", name="Profile").click()
    await page.get_by_role("button", name="Delete my account").click()
    dialog = page.get_by_role("dialog")

    await dialog.get_by_role("button", name="Delete my account").click()
    await expect(dialog.get_by_text("What you typed is not the same")).to_be_visible()
    await dialog.get_by_role("textbox").fill("leaving@example.com")
    await dialog.get_by_role("button", name="Delete my account").click()

    await expect(page.get_by_text("Your account is deleted.")).to_be_visible()
    await fill_in(page, "leaving@example.com")
    await expect(page.get_by_role("alert")).to_contain_text("is wrong")


async def test_nothing_to_sign_in_with_is_where_a_script_could_find_it_later(
    new_page: NewPage, server: Server
) -> None:
    page = await new_page()
    await register(page, server, "stored@example.com")

    kept = await page.evaluate("[document.cookie, {...localStorage}, {...sessionStorage}]")

    assert kept == ["", {}, {}]


async def test_what_is_wrong_is_said_beside_the_field_it_is_about(
    new_page: NewPage, server: Server
) -> None:
    page = await new_page()
    await page.goto(home(server))

    await fill_in(page, "tim@example")

    await expect(page.get_by_text("not a complete e-mail address")).to_be_visible()
    await expect(page.get_by_label("E-mail address")).to_be_focused()

    await fill_in(page, "tim@example.com", "not this one")

    await expect(page.get_by_role("alert")).to_contain_text("is wrong")
    await expect(page.get_by_label("Password", exact=True)).to_be_focused()


async def test_fields_are_what_password_managers_look_for(
    new_page: NewPage, server: Server
) -> None:
    page = await new_page()
    await page.goto(home(server))
    await expect(page.locator("input[name=email]")).to_have_attribute("autocomplete", "username")
    password = page.locator("input[name=password]")
    await expect(password).to_have_attribute("autocomplete", "current-password")
    await password.fill("secret")
    await page.get_by_role("button", name="Show password").click()
    await expect(password).to_have_attribute("type", "text")

    await page.goto(home(server, "/account/register"))
    await expect(page.locator("input[name=password]")).to_have_attribute(
        "autocomplete", "new-password"
    )


async def test_a_password_is_judged_while_it_is_typed_and_refused_when_it_is_common(
    new_page: NewPage, server: Server
) -> None:
    page = await new_page()
    await page.goto(home(server, "/account/register"))
    password = page.get_by_label("Password", exact=True)
    await password.fill("abc")
    await expect(page.get_by_text("5 more characters")).to_be_visible()
    await password.fill("correct horse battery staple")
    await expect(page.get_by_text("Strong password")).to_be_visible()

    await fill_in(page, "common@example.com", "iloveyou2")

    await expect(page.get_by_text("one of the most common passwords")).to_be_visible()
    await expect(password).to_be_focused()


async def test_whoever_tries_too_often_sees_for_how_long_to_wait(
    new_page: NewPage, server: Server
) -> None:
    page = await new_page()
    await page.goto(home(server))
    for _ in range(12):
        await fill_in(page, "guessed@example.com", "not this one")
        await expect(page.get_by_role("alert")).to_be_visible()
        if await page.get_by_role("timer").count():
            break

    await expect(page.get_by_role("timer")).to_contain_text("You can try again in")
    await expect(page.locator("button[type=submit]")).to_be_disabled()
