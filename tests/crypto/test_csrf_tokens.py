"""The second token of a session, for pages of other sites."""

from dataclasses import replace

import pytest

from keystead.crypto.csrf_tokens import PREFIX, MacCsrfTokens
from keystead.crypto.keyring import Keyring
from keystead.crypto.random import new_master_key
from keystead.domain.session import SessionId

ONE = SessionId("019b796d-d600-7153-9689-9c36ae43da3c")
OTHER = SessionId("019b796d-d600-7153-9689-9c36ae43da3d")


@pytest.fixture
def tokens(keyring: Keyring) -> MacCsrfTokens:
    return MacCsrfTokens(keyring)


def test_a_token_is_good_for_its_session_alone(tokens: MacCsrfTokens) -> None:
    text = tokens.issue(ONE)

    assert text == tokens.issue(ONE)
    assert len(text) == len(PREFIX) + 43
    assert tokens.is_genuine(text, ONE)
    assert not tokens.is_genuine(text, OTHER)
    assert ONE not in text


def test_no_changed_character_is_genuine(tokens: MacCsrfTokens) -> None:
    text = tokens.issue(ONE)

    for n, letter in enumerate(text):
        other = "A" if letter != "A" else "B"
        assert not tokens.is_genuine(text[:n] + other + text[n + 1 :], ONE), n


@pytest.mark.parametrize("text", ["", PREFIX, PREFIX + "A" * 43, PREFIX + "é" * 43, "x" * 5000])
def test_what_is_no_token_is_not_genuine(tokens: MacCsrfTokens, text: str) -> None:
    assert not tokens.is_genuine(text, ONE)


def test_the_same_mac_without_its_prefix_or_with_more_is_none(tokens: MacCsrfTokens) -> None:
    text = tokens.issue(ONE)

    assert not tokens.is_genuine(text.removeprefix(PREFIX), ONE)
    assert not tokens.is_genuine(f"{text}=", ONE)
    assert not tokens.is_genuine(f" {text}", ONE)


def test_older_keys_hold_and_foreign_ones_do_not(keyring: Keyring) -> None:
    text = MacCsrfTokens(keyring).issue(ONE)
    newer = MacCsrfTokens(
        replace(keyring, master_keys={**keyring.master_keys, 2: new_master_key()})
    )
    foreign = MacCsrfTokens(replace(keyring, master_keys={1: new_master_key()}))

    assert newer.is_genuine(text, ONE)
    assert newer.issue(ONE) != text
    assert not foreign.is_genuine(text, ONE)
