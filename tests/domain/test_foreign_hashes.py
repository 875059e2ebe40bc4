"""Which hashes of others are understood, and what checking one may cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.domain.foreign import Unusable
from keystead.domain.foreign_hashes import (
    Argon2,
    Bcrypt,
    ForeignHash,
    Pbkdf2,
    TooCostly,
    parse,
    password_hash,
)

DIGEST = "x" * 43 + "="
BCRYPT_TAIL = "./azAZ09" + "x" * 45
ARGON2_TAIL = "c29tZXNhbHQ$" + "x" * 43


def argon2(memory_kib: int = 65_536, passes: int = 3, lanes: int = 4, kind: str = "id") -> str:
    return f"$argon2{kind}$v=19$m={memory_kib},t={passes},p={lanes}${ARGON2_TAIL}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"$2b$12${BCRYPT_TAIL}", Bcrypt(f"$2b$12${BCRYPT_TAIL}")),
        (f"bcrypt_sha256$$2b$12${BCRYPT_TAIL}", Bcrypt(f"$2b$12${BCRYPT_TAIL}", is_of_sha256=True)),
        (f"pbkdf2_sha256$600000$a+b/c${DIGEST}", Pbkdf2(600_000, "a+b/c", DIGEST)),
        *((argon2(kind=kind), Argon2(argon2(kind=kind))) for kind in ("id", "i", "d")),
    ],
)
def test_a_hash_of_each_kind_is_understood(text: str, found: ForeignHash) -> None:
    assert parse(text) == found
    kept = password_hash(text)
    assert (kept.text, kept.pepper_id) == (text, None)


@pytest.mark.parametrize(
    ("django", "kept"),
    [
        (f"argon2{argon2()}", argon2()),
        (f"bcrypt$$2b$12${BCRYPT_TAIL}", f"$2b$12${BCRYPT_TAIL}"),
    ],
)
def test_what_django_puts_before_a_known_format_is_taken_off(django: str, kept: str) -> None:
    assert password_hash(django).text == kept


@pytest.mark.parametrize(
    "text",
    [
        argon2(memory_kib=262_144, passes=4),
        argon2(memory_kib=64, passes=16, lanes=8),
        f"pbkdf2_sha256$5000000$salt${DIGEST}",
        f"$2b$15${BCRYPT_TAIL}",
    ],
)
def test_what_takes_seconds_is_taken(text: str) -> None:
    assert password_hash(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        argon2(memory_kib=262_145, passes=1),
        argon2(memory_kib=262_144, passes=5),
        argon2(memory_kib=8, passes=17),
        argon2(lanes=9),
        argon2(memory_kib=4_294_967_295, passes=4_294_967_295),
        f"argon2{argon2(memory_kib=2_097_152)}",
        f"pbkdf2_sha256$5000001$salt${DIGEST}",
        f"pbkdf2_sha256$4294967295$salt${DIGEST}",
    ],
)
def test_what_takes_longer_is_refused(text: str) -> None:
    assert parse(text.removeprefix("argon2")) == TooCostly()
    with pytest.raises(Unusable, match="more work"):
        password_hash(text)


@pytest.mark.parametrize(
    "text",
    [
        "correct horse battery staple",
        f"$2b$17${BCRYPT_TAIL}",
        f"$2b$31${BCRYPT_TAIL}",
        f"bcrypt_sha256$$2b$31${BCRYPT_TAIL}",
        f"$2b$12${BCRYPT_TAIL}\n",
        f"pbkdf2_sha256$0$salt${DIGEST}",
        f"pbkdf2_sha256$-1$salt${DIGEST}",
        f"pbkdf2_sha256$+600000$salt${DIGEST}",
        f"pbkdf2_sha256$6_000$salt${DIGEST}",
        f"pbkdf2_sha256$६$salt${DIGEST}",
        f"pbkdf2_sha256$99999999999999999999$salt${DIGEST}",
        f"pbkdf2_sha256$600000$$${DIGEST}",
        f"pbkdf2_sha256$600000${'s' * 129}${DIGEST}",
        "pbkdf2_sha256$600000$salt$short",
        f"pbkdf2_sha1$600000$salt${DIGEST}",
        "scrypt$16384$salt$8$5$x",
        "$scrypt$ln=14,r=8,p=5$c2FsdA$eA",
        "md5$salt$0123456789abcdef0123456789abcdef",
        argon2(memory_kib=0),
        argon2().replace("v=19", "v=16"),
        argon2().replace("$argon2id", "$argon2x"),
        argon2() + "$",
        "$argon2id$",
        "plain$text",
        "$",
    ],
)
def test_any_other_is_refused_and_not_repeated(text: str) -> None:
    assert parse(text) is None
    with pytest.raises(Unusable, match="no hash of a kind") as refusal:
        password_hash(text)
    assert text not in str(refusal.value)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (None, "no password"),
        ("", "no password"),
        ("!", "could be used"),
        ("!aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789aBcD", "could be used"),
        (7, "no text"),
        (["$2b$12$"], "no text"),
    ],
    ids=repr,
)
def test_what_stands_for_no_password_is_said_to_be_that(found: object, reason: str) -> None:
    with pytest.raises(Unusable, match=reason):
        password_hash(found)


@given(st.text())
def test_whatever_stands_there_it_is_understood_or_refused(text: str) -> None:
    assert parse(text) is None or text.startswith(("$2", "$argon2", "pbkdf2_", "bcrypt_"))
