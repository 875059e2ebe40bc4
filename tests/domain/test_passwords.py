"""NIST SP 800-63B-4 section 3.1.1.2 and OWASP ASVS 6.2, rule by rule."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.crypto.passwords import load_blocklist
from keystead.domain.errors import (
    PasswordBlocklisted,
    PasswordPredictable,
    PasswordRejected,
    PasswordTooLong,
    PasswordTooShort,
)
from keystead.domain.passwords import PasswordPolicy, is_hashable, normalise
from keystead.domain.user import EmailAddress

BOB = EmailAddress("bobby@mail.example.com")
ASVS = PasswordPolicy(8, {"password1", "iloveyou", "straße12"}, "Keystead")
NIST = PasswordPolicy(15, (), "Keystead")

E_ACUTE = "\u00e9"
E_AND_ACUTE = "e\u0301"


@pytest.mark.requirement(1)
@pytest.mark.parametrize("policy", [ASVS, NIST])
@pytest.mark.parametrize("char", ["k", "é", "字", "🙂"])
def test_length_is_counted_in_code_points(policy: PasswordPolicy, char: str) -> None:
    policy.check(char * policy.min_length, BOB)

    with pytest.raises(PasswordTooShort):
        policy.check(char * (policy.min_length - 1), BOB)


def test_length_is_counted_as_it_is_hashed() -> None:
    ASVS.check(E_AND_ACUTE * 8, BOB)

    with pytest.raises(PasswordTooShort):
        ASVS.check(E_AND_ACUTE * 7, BOB)


@pytest.mark.parametrize(
    "password",
    ["k" * 20, "7" * 8, "        ", " spaces around ", "\t\n\r\x1b[31m", "a" * 64, "🙂 " * 64],
)
def test_no_kind_of_character_is_asked_for_or_refused(password: str) -> None:
    ASVS.check(password, BOB)


@pytest.mark.parametrize("password", ["k" * 1024, "🙂" * 1024, E_AND_ACUTE * 1024, "字" * 1024])
def test_up_to_the_bound_everything_fits(password: str) -> None:
    assert is_hashable(password)
    ASVS.check(password, BOB)


@pytest.mark.parametrize(
    "password",
    ["k" * 1025, "🙂" * 1025, "k" * 100_000, "\0" * 20, "secret words\0", "\u0301" * 2049],
)
def test_beyond_the_bound_and_with_nul_it_is_refused(password: str) -> None:
    assert not is_hashable(password)
    with pytest.raises(PasswordTooLong):
        ASVS.check(password, BOB)


@pytest.mark.parametrize(
    "password", ["password1", "PassWord1", "ILOVEYOU", "STRASSE12", "straße12"]
)
def test_common_passwords_are_refused_in_any_case(password: str) -> None:
    policy = PasswordPolicy(
        8, {word.casefold() for word in ("password1", "iloveyou", "straße12")}, ""
    )

    with pytest.raises(PasswordBlocklisted):
        policy.check(password, BOB)


def test_a_common_password_within_a_longer_one_is_none() -> None:
    ASVS.check("password1 and six other words", BOB)


@pytest.mark.parametrize("password", ["12345678", "qwertyuiop", "Passw0rd", "TrustNo1", "iloveyou"])
def test_the_list_that_ships_knows_the_usual_ones(password: str) -> None:
    with pytest.raises(PasswordBlocklisted):
        PasswordPolicy(8, load_blocklist(), "Keystead").check(password, BOB)


def test_the_list_that_ships_is_long_and_can_be_matched() -> None:
    blocklist = load_blocklist()

    assert len([word for word in blocklist if len(word) >= 8]) >= 3000  # OWASP ASVS 6.2.4
    assert all(word == unicodedata.normalize("NFC", word).casefold() for word in blocklist)


@pytest.mark.parametrize(
    "password",
    [
        "bobbybobby",
        "Bobby-1984",
        "1984!bobby!",
        "bobby@mail.example.com",
        "BOBBY@MAIL.EXAMPLE.COM1",
        "mail.example.com",
        "mail.example",
        "keystead",
        "Keystead2026!",
        "keystead keystead",
    ],
)
def test_the_address_and_the_service_are_no_password(password: str) -> None:
    with pytest.raises(PasswordPredictable):
        ASVS.check(password, BOB)


@pytest.mark.parametrize(
    "password",
    ["bobby likes trains", "keystead is my key", "robert and bobby", "my mail.example.com"],
)
def test_a_sentence_with_such_a_word_is_fine(password: str) -> None:
    ASVS.check(password, BOB)


def test_a_short_name_is_refused_only_when_it_is_all_there_is() -> None:
    al = EmailAddress("al@example.org")
    with pytest.raises(PasswordPredictable):
        ASVS.check("alalalal", al)

    ASVS.check("al 4711 0815", al)
    ASVS.check("1984al2026", al)


@given(st.text())
def test_whatever_is_typed_is_judged_and_never_crashes(password: str) -> None:
    try:
        ASVS.check(password, BOB)
    except PasswordRejected as refusal:
        assert [error.field for error in refusal.errors] == ["password"]  # noqa: PT017
    else:
        assert len(normalise(password)) >= 8


@given(st.text())
def test_composed_and_decomposed_are_one_password(password: str) -> None:
    decomposed = unicodedata.normalize("NFD", password)

    assert normalise(decomposed) == normalise(password)
    assert normalise(normalise(password)) == normalise(password)


@pytest.mark.parametrize("password", [" padded ", "CaSe", "\ufb01", "\uff21", "\u212a\u200b"])
def test_nothing_is_trimmed_folded_or_replaced(password: str) -> None:
    assert normalise(password) == unicodedata.normalize("NFC", password)
    assert len(normalise(password)) == len(password)


def test_composing_is_all_that_happens() -> None:
    assert normalise(f" Caf{E_AND_ACUTE} ") == f" Caf{E_ACUTE} "
