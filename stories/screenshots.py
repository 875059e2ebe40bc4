"""
`python -m stories.screenshots [story...]`: pictures of the pages, for the documents.

Needs a Chromium: one that is installed, or the one that CHROMIUM names. With pngquant they are small.
"""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from stories.chromium import FLAGS, find_chromium
from stories.server import serve
from stories.states import STORIES

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
SHOWN = (
    "sign-in", "register", "devices", "devices-many", "profile", "overview", "users", "user", "audit",
)  # fmt: skip
"""Of all stories: one for each page."""


async def show(page: Page, address: str, name: str) -> None:
    """Open a story, and do what a person would."""
    await page.goto(f"{address}/stories/{name}")
    await page.locator("h1, [role=alert]").first.wait_for()
    for kind, selector, text in STORIES[name].steps:
        element = page.locator(selector).first
        await (element.fill(text) if kind == "fill" else element.click())
    await page.wait_for_timeout(450)


async def main(names: list[str]) -> None:
    """Take them."""
    FOLDER.mkdir(exist_ok=True)
    executable = find_chromium()
    if executable is None:
        sys.exit("make screenshots: there is no Chromium; apt-get install chromium-headless-shell")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        with serve() as address:
            for name in names:
                for scheme in ("light", "dark"):
                    for size in SIZES:
                        await _take(browser, address, name, scheme, size)
        await browser.close()


async def _take(browser: Browser, address: str, name: str, scheme: str, size: str) -> None:
    width, height = SIZES[size]
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/London",
    )
    page = await context.new_page()
    await show(page, address, name)
    await page.wait_for_load_state("networkidle")
    is_modal = await page.locator("dialog[open]").count() > 0
    path = FOLDER / f"{name}-{size}-{scheme}.png"
    await page.screenshot(path=path, full_page=not is_modal)
    await context.close()
    if pngquant := shutil.which("pngquant"):  # A third of the size, and no difference to be seen.
        subprocess.run([pngquant, "--force", "--strip", "--output", path, path], check=True)  # noqa: ASYNC221, S603


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or list(SHOWN)))
