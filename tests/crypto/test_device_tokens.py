"""What shows that somebody has signed in on a device before."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from keystead.crypto.device_tokens import MacDeviceTokens
from keystead.crypto.keyring import Keyring
from keystead.crypto.random import SystemRandomness, new_master_key
from keystead.domain.throttle import DEVICE_LIFETIME
from keystead.domain.user import UserId

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
BOB = UserId("019b796d-d600-7153-9689-9c36ae43da3c")
EVE = UserId("019b796d-d600-7153-9689-9c36ae43da3d")


@pytest.fixture
def tokens(keyring: Keyring) -> MacDeviceTokens:
    return MacDeviceTokens(keyring, SystemRandomness())


def test_a_token_is_good_for_the_account_it_was_made_for(tokens: MacDeviceTokens) -> None:
    text = tokens.issue(BOB, NOW)

    device = tokens.find_device(text, BOB, NOW)

    assert device is not None
    assert len(device) == 32
    assert tokens.find_device(text, EVE, NOW) is None
    assert tokens.find_device(text, None, NOW) is None
    assert BOB not in base64.urlsafe_b64decode(text[4:] + "=" * (-len(text[4:]) % 4)).decode(
        "latin-1"
    )


def test_every_token_is_another_device(tokens: MacDeviceTokens) -> None:
    found = {tokens.find_device(tokens.issue(BOB, NOW), BOB, NOW) for _ in range(100)}

    assert len(found) == 100
    assert None not in found


def test_a_token_ends_with_its_cookie(tokens: MacDeviceTokens) -> None:
    text = tokens.issue(BOB, NOW)

    assert tokens.find_device(text, BOB, NOW + DEVICE_LIFETIME - timedelta(seconds=1))
    assert tokens.find_device(text, BOB, NOW + DEVICE_LIFETIME) is None


def test_no_changed_character_is_genuine(tokens: MacDeviceTokens) -> None:
    text = tokens.issue(BOB, NOW)

    for n, letter in enumerate(text):
        other = "A" if letter != "A" else "B"
        assert tokens.find_device(text[:n] + other + text[n + 1 :], BOB, NOW) is None, n


@pytest.mark.parametrize("text", ["", "ksd_", "ksd_" + "A" * 72, "ksd_" + "é" * 72, "x" * 5000])
def test_what_is_no_token_is_no_device(tokens: MacDeviceTokens, text: str) -> None:
    assert tokens.find_device(text, BOB, NOW) is None


def test_older_keys_still_know_a_device_and_foreign_ones_do_not(keyring: Keyring) -> None:
    text = MacDeviceTokens(keyring, SystemRandomness()).issue(BOB, NOW)
    newer = replace(keyring, master_keys={**keyring.master_keys, 2: new_master_key()})
    foreign = replace(keyring, master_keys={1: new_master_key()})

    assert MacDeviceTokens(newer, SystemRandomness()).find_device(text, BOB, NOW)
    assert MacDeviceTokens(foreign, SystemRandomness()).find_device(text, BOB, NOW) is None
