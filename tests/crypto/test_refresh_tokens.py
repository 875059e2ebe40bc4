import base64
import hmac
import re
import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.crypto.keyring import Keyring
from keystead.crypto.random import new_master_key
from keystead.crypto.refresh_tokens import MacRefreshTokens
from keystead.domain.errors import RefreshInvalid
from keystead.domain.session import SessionId
from tests.crypto.samples import SESSION

URL_SAFE = string.ascii_letters + string.digits + "-_"
A_KEYRING = Keyring({1: bytes(range(32))}, ())


@pytest.fixture
def tokens(keyring: Keyring) -> MacRefreshTokens:
    return MacRefreshTokens(keyring)


def body_of(text: str) -> bytes:
    encoded = text.removeprefix("ksr_")
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))


def as_text(body: bytes) -> str:
    return "ksr_" + base64.urlsafe_b64encode(body).rstrip(b"=").decode()


def test_a_token_is_one_short_recognisable_word(tokens: MacRefreshTokens) -> None:
    text = tokens.issue(SESSION)

    assert re.fullmatch(r"ksr_[A-Za-z0-9_-]+", text)
    assert len(text) < 128


@pytest.mark.parametrize("generation", [0, 1, 255, 256, 2**32 - 1])
def test_a_token_says_whose_it_is_and_which(tokens: MacRefreshTokens, generation: int) -> None:
    session = replace(SESSION, generation=generation)

    token = tokens.read(tokens.issue(session))

    assert (token.key_id, token.session_id, token.generation) == (1, SESSION.id, generation)
    assert tokens.is_genuine(token, session)


def test_a_session_has_one_token_per_generation(tokens: MacRefreshTokens) -> None:
    assert tokens.issue(SESSION) == tokens.issue(SESSION)
    texts = {tokens.issue(replace(SESSION, generation=n)) for n in range(100)}
    assert len(texts) == 100


def test_every_single_altered_character_is_noticed(tokens: MacRefreshTokens) -> None:
    text = tokens.issue(SESSION)
    for place, char in enumerate(text):
        for other in URL_SAFE:
            if other == char:
                continue
            altered = text[:place] + other + text[place + 1 :]
            assert not is_accepted(tokens, altered), (place, other)


def is_accepted(tokens: MacRefreshTokens, text: str) -> bool:
    """Whether both checks of a refresh let *text* pass."""
    try:
        return tokens.is_genuine(tokens.read(text), SESSION)
    except RefreshInvalid:
        return False


def test_what_is_left_out_or_added_is_noticed(tokens: MacRefreshTokens) -> None:
    text = tokens.issue(SESSION)
    for length in range(len(text)):
        assert not is_accepted(tokens, text[:length])
    for added in ("=", "A", "\n", " ", ".", "\0", "é", text):
        assert not is_accepted(tokens, text + added)
        assert not is_accepted(tokens, added + text)


def test_a_forgery_is_refused_by_its_seal_alone(
    tokens: MacRefreshTokens, other_keyring: Keyring
) -> None:
    # No database was asked: `read` has nothing but the text.
    for body in (bytes(70), b"\x01\x01" + bytes(68), b"\xff" * 70):
        with pytest.raises(RefreshInvalid):
            tokens.read(as_text(body))
    with pytest.raises(RefreshInvalid):
        tokens.read(MacRefreshTokens(other_keyring).issue(SESSION))


def test_the_head_of_one_token_does_not_go_with_the_rest_of_another(
    tokens: MacRefreshTokens,
) -> None:
    mine, next_one = body_of(tokens.issue(SESSION)), replace(SESSION, generation=1)
    other = body_of(tokens.issue(next_one))

    with pytest.raises(RefreshInvalid):
        tokens.read(as_text(other[:22] + mine[22:]))
    mixed = tokens.read(as_text(other[:38] + mine[38:]))
    assert not tokens.is_genuine(mixed, next_one)


def test_the_proof_needs_the_salt_that_only_the_database_has(tokens: MacRefreshTokens) -> None:
    without = replace(SESSION, salt=bytes(16))

    token = tokens.read(tokens.issue(without))

    assert not tokens.is_genuine(token, SESSION)


def test_the_proof_needs_the_key_that_the_database_has_not(other_keyring: Keyring) -> None:
    # Whoever has the database and guesses the seal still cannot make the proof.
    master = {1: other_keyring.master_keys[1]}
    tokens = MacRefreshTokens(Keyring(master, ()))
    body = body_of(tokens.issue(SESSION))
    head, seal = body[:22], body[22:38]
    forged = hmac.digest(new_master_key(), head + SESSION.salt, "sha256")

    token = tokens.read(as_text(head + seal + forged))

    assert not tokens.is_genuine(token, SESSION)


def test_keys_are_rotated_without_ending_sessions(keyring: Keyring) -> None:
    before = MacRefreshTokens(keyring).issue(SESSION)
    both = replace(keyring, master_keys={**keyring.master_keys, 2: new_master_key()})
    tokens = MacRefreshTokens(both)

    old, new = tokens.read(before), tokens.read(tokens.issue(SESSION))

    assert (old.key_id, new.key_id) == (1, 2)
    assert tokens.is_genuine(old, SESSION)
    assert tokens.is_genuine(new, SESSION)


def test_a_token_of_a_key_that_is_gone_is_refused(keyring: Keyring) -> None:
    before = MacRefreshTokens(keyring).issue(SESSION)

    with pytest.raises(RefreshInvalid):
        MacRefreshTokens(Keyring({2: new_master_key()}, ())).read(before)


def test_the_session_is_named_in_its_one_form(tokens: MacRefreshTokens) -> None:
    shouted = replace(SESSION, id=SessionId(SESSION.id.upper()))

    assert tokens.read(tokens.issue(shouted)).session_id == SESSION.id


@given(st.one_of(st.text(), st.binary(min_size=70, max_size=70).map(as_text), st.just("ksr_" * 50)))
def test_whatever_is_presented_is_refused_as_invalid(text: str) -> None:
    with pytest.raises(RefreshInvalid):
        MacRefreshTokens(A_KEYRING).read(text)
