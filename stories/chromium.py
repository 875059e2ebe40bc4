"""The browser that pictures are taken and tests are made with."""

import os
import shutil

NAMES = (
    "chromium-headless-shell",  # The same engine without its windows: half the time.
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
)

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""It asks nobody on the network for anything, and may run as root, as it does in CI."""


def find_chromium() -> str | None:
    """Return the program, if there is one on this machine."""
    if named := os.environ.get("CHROMIUM"):
        return named
    return next((found for name in NAMES if (found := shutil.which(name))), None)
