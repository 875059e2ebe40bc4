import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.devices import NAME_MAX_CHARACTERS, read_device
from keystead.domain.session import Device

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
            Device("Desktop", "Firefox 132", "Windows 10"),
        ),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0",
            Device("Desktop", "Edge 130", "Windows 10"),
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15",
            Device("Desktop", "Safari 17", "Mac OS X 10.15"),
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 14.3; rv:122.0) Gecko/20100101 Firefox/122.0",
            Device("Desktop", "Firefox 122", "macOS 14"),
        ),
        (
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
            Device("Desktop", "Firefox 132", "Ubuntu"),
        ),
        (
            f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/130.0.0.0 Safari/537.36",
            Device("Desktop", "Chrome 130", "Chrome OS"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
            Device("iPhone", "Mobile Safari 17", "iOS 17"),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A) {WEBKIT} Chrome/120.0.6099.43 Mobile Safari/537.36",
            Device("Pixel 8", "Chrome Mobile 120", "Android 14"),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/130.0.0.0 Mobile Safari/537.36",
            Device("Phone", "Chrome Mobile 130", "Android 10"),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/130.0.0.0 Safari/537.36",
            Device("Tablet", "Chrome 130", "Android 10"),
        ),
        (
            "Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0",
            Device("Phone", "Firefox Mobile 132", "Android 14"),
        ),
        (
            "Mozilla/5.0 (Android 14; Tablet; rv:132.0) Gecko/132.0 Firefox/132.0",
            Device("Tablet", "Firefox Mobile 132", "Android 14"),
        ),
        ("curl/8.5.0", Device(None, "curl 8", None)),
        ("PostmanRuntime/7.39.0", Device(None, "PostmanRuntime 7", None)),
        ("HTTPie/3.2.2", Device(None, "HTTPie 3", None)),
        (
            "Mozilla/5.0 (X11; Linux x86_64) compatible; Googlebot/2.1; +http://www.google.com/bot.html",
            Device(None, "Googlebot 2", "Linux"),
        ),
        ("", Device()),
        ("-", Device()),
        ("Mozilla/5.0", Device()),
        ("\ud800\udfff", Device()),
        ("\x00" * 300, Device()),
    ],
    ids=lambda value: ascii(value[:120]) if isinstance(value, str) else "",
)
def test_a_user_agent_is_read_as_a_person_would(user_agent: str, device: Device) -> None:
    assert read_device(user_agent) == device


@settings(max_examples=30)
@given(user_agent=st.text(max_size=400))
def test_no_text_makes_reading_fail(user_agent: str) -> None:
    assert isinstance(read_device(user_agent), Device)


@pytest.mark.parametrize(
    "user_agent",
    [
        "Mozilla/5.0 (Linux; Android 14; " + "A\x1b\u202e" * 90,
        "Mozilla/5.0 (Linux; Android 14; " + "Z" * 150 + " Build/1) Chrome/130.0 Mobile",
        "curl/" + "9" * 300,
        "Mozilla/5.0 (Windows NT 10.0) Firefox/" + "9" * 200,
    ],
)
def test_what_is_copied_from_the_header_is_short_and_printable(user_agent: str) -> None:
    device = read_device(user_agent)
    for text in (device.name, device.browser, device.os):
        assert text is None or (len(text) <= NAME_MAX_CHARACTERS and text.isprintable())


def test_only_the_first_256_characters_are_looked_at() -> None:
    read_device("warm up")
    start = time.perf_counter()
    for repeated in ("Android ", "Mozilla/5.0 (", "; ", "1."):
        assert read_device(repeated * 1_000_000) == read_device((repeated * 256)[:256])
    assert time.perf_counter() - start < 0.5
    assert read_device("x" * 256 + " Firefox/132.0") == Device()


def test_a_program_that_reads_no_header_does_not_load_the_patterns() -> None:
    code = "import sys, keystead.devices; sys.exit('ua_parser' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
