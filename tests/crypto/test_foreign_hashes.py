"""
Hashes that Django and pwdlib have made themselves are verified, and no other password is.

They were printed by `make_password(password, hasher=name)` of Django 5.2.19 and by
`PasswordHash((Argon2Hasher(),)).hash(password)` and `PasswordHash((BcryptHasher(),)).hash(password)` of pwdlib
0.3.1, with argon2-cffi 25.1.0 and bcrypt 5.0.0 and the parameters that these have by default. No code of
ours has made any of them.
"""

import unicodedata
from collections.abc import Iterator

import pytest

from keystead.crypto.foreign_hashes import is_match
from keystead.crypto.keyring import Keyring
from keystead.crypto.passwords import Argon2Profile, PepperedPasswords
from keystead.domain.foreign_hashes import password_hash
from keystead.domain.user import PasswordHash

PASSWORD = "correct horse battery staple"
DECOMPOSED = unicodedata.normalize("NFD", "Zoë's Ångström")
LONG = "ä" * 50
"""100 bytes, of which bcrypt looks at 72."""

SAMPLES = {
    "django pbkdf2_sha256": (
        PASSWORD,
        "pbkdf2_sha256$1000000$YHmvOMB9q36TS9OchbfI70$4GXaYzV4cGoweGzBuZZ2JXQU2QDC1ubRVMM23FCtXHg=",
    ),
    "django argon2": (
        PASSWORD,
        "argon2$argon2id$v=19$m=102400,t=2,p=8$WFBsUHNpSDRwWFBuWXJ6M3J0UHVJSw$jUSEPHMetVfKcD4igOaswUai3Uxep7nRoi+x+Gqdojk",
    ),
    "django bcrypt_sha256": (
        PASSWORD,
        "bcrypt_sha256$$2b$12$Wvwz.0iqd1hANdLZCmBGPO0qjnQ9ouQkI/22ZobPMJjARtckTiimO",
    ),
    "django bcrypt": (
        PASSWORD,
        "bcrypt$$2b$12$wNOolrtPagYfKN6sZkBEYuwAIK1r0ClcEcE8Fg3GaaBkwU8yiEPaS",
    ),
    "pwdlib argon2": (
        PASSWORD,
        "$argon2id$v=19$m=65536,t=3,p=4$M27kJDdKQALLmQGGBr6BbA$6Ls8naCsJF75c9m+nr+QjeUKVsxlOlKh4KCM5xN318o",
    ),
    "pwdlib bcrypt": (
        PASSWORD,
        "$2b$12$zoJqBfJMk1ZwrSNe8ItotehoCRMQr0IpGNzdLeP38qqn5YjPFJXEq",
    ),
    "django pbkdf2_sha256 decomposed": (
        DECOMPOSED,
        "pbkdf2_sha256$1000000$li37Cm2CvKsG5BujKFTPAv$dN/R+2G3e2aQ4zitH3+NzSAfXyk47aoSnrpn+IJ1Cgg=",
    ),
    "django argon2 decomposed": (
        DECOMPOSED,
        "argon2$argon2id$v=19$m=102400,t=2,p=8$NjE4N2JWc0xleVA5TlFuY0pGZ0R6Sg$8xKDeO16zgbLTTw6Fc3UtOnTXfzLIH3vTPI91o7m3vY",
    ),
    "django bcrypt_sha256 decomposed": (
        DECOMPOSED,
        "bcrypt_sha256$$2b$12$Oe1g0e14OO/h6eESLc3asOUerbyTit370iKxQnaWAjw0ZHdGssNdC",
    ),
    "django bcrypt decomposed": (
        DECOMPOSED,
        "bcrypt$$2b$12$qwh6LqiXh.UXWeZYjiEWFekSxJzKsx3TE0/F5jn1V/4Fi6/urmGqK",
    ),
    "pwdlib argon2 decomposed": (
        DECOMPOSED,
        "$argon2id$v=19$m=65536,t=3,p=4$btEgbLO136vBjJ+bZ5I4+A$7dHhc9abj7TvUzLUBTZx90Yloy3TDY7foAN9ToPGQgw",
    ),
    "pwdlib bcrypt decomposed": (
        DECOMPOSED,
        "$2b$12$L9ai2Dx02dEeTmQdNev9fuqYgm3r7L4N4oNbLwvH1mtEbvh6ZBhhi",
    ),
    "django pbkdf2_sha256 long": (
        LONG,
        "pbkdf2_sha256$1000000$APDnqoELQ8aovfnTWQ37Fu$eGxYyZvB529NbQOms3GLV2eM5sBxzIk+sOpY830VaO4=",
    ),
    "django argon2 long": (
        LONG,
        "argon2$argon2id$v=19$m=102400,t=2,p=8$b2JrbjZYWmQ1TkNzb2JTS21aZHFZUQ$w5U6jjZT2A7Ajz7msPfP7QQsgwqC+oXWAPFWAxdJzkk",
    ),
    "django bcrypt_sha256 long": (
        LONG,
        "bcrypt_sha256$$2b$12$omdSZMLjKGE6Oa4lkOQOAuUIvJdGph.BSgimHIN2J76Pb0mca2DGK",
    ),
    "pwdlib argon2 long": (
        LONG,
        "$argon2id$v=19$m=65536,t=3,p=4$TG7OAp14rgvUnyyvr2QsKA$2KX53XNGqhv2xkbi/c/3YDQLQUajNNrC8B/kSaGaJj4",
    ),
    "pwdlib argon2 composed": (
        unicodedata.normalize("NFC", DECOMPOSED),
        "$argon2id$v=19$m=65536,t=3,p=4$Y3BHpmdukhvLzsS68D/KkA$y5NspWfwkJVbmveSIHRxBtDoiKtHkktPhoS+wWnx+Jk",
    ),
}

HOSTILE = {
    "bcrypt, for a day": "$2b$31$" + "x" * 53,
    "bcrypt of a SHA-256, for a day": "bcrypt_sha256$$2b$31$" + "x" * 53,
    "PBKDF2, for an hour": f"pbkdf2_sha256$4294967295$salt${'x' * 43}=",
    "Argon2, in 4 TiB": f"$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ${'x' * 43}",
    "Argon2, for an hour": f"$argon2id$v=19$m=65536,t=4294967295,p=1$c29tZXNhbHQ${'x' * 43}",
    "Argon2, in a million threads": f"$argon2id$v=19$m=8000000,t=1,p=1000000$c29tZXNhbHQ${'x' * 43}",
}

each_sample = pytest.mark.parametrize("sample", SAMPLES)
each_kind = pytest.mark.parametrize("sample", [name for name in SAMPLES if name.count(" ") == 1])
"""Without the unusual passwords: each check takes as long as it does in reality."""


@pytest.fixture
def passwords(keyring: Keyring) -> Iterator[PepperedPasswords]:
    passwords = PepperedPasswords(keyring, Argon2Profile(8, 1, 1), workers=1)
    yield passwords
    passwords.close()


@each_sample
async def test_the_password_that_it_was_made_of_matches(
    passwords: PepperedPasswords, sample: str
) -> None:
    password, text = SAMPLES[sample]
    stored = password_hash(text)

    assert await passwords.verify(password, stored)
    assert passwords.is_outdated(stored)


@pytest.mark.parametrize("sample", [name for name in SAMPLES if "decomposed" in name])
async def test_what_was_typed_composed_does_not_match_the_other_form(
    passwords: PepperedPasswords, sample: str
) -> None:
    composed = unicodedata.normalize("NFC", DECOMPOSED)

    assert composed != DECOMPOSED
    assert not await passwords.verify(composed, password_hash(SAMPLES[sample][1]))


async def test_who_typed_it_composed_there_may_type_it_decomposed_here(
    passwords: PepperedPasswords,
) -> None:
    _, text = SAMPLES["pwdlib argon2 composed"]

    assert await passwords.verify(DECOMPOSED, password_hash(text))


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.timeout(10)
async def test_a_hash_that_asks_for_too_much_is_not_worked_on_even_if_it_is_stored(
    passwords: PepperedPasswords, kind: str
) -> None:
    assert not await passwords.verify(PASSWORD, PasswordHash(HOSTILE[kind], None))


@each_kind
async def test_no_other_password_matches(passwords: PepperedPasswords, sample: str) -> None:
    for other in ("", PASSWORD.upper()):
        assert not await passwords.verify(other, password_hash(SAMPLES[sample][1]))


@each_kind
def test_one_changed_character_of_the_hash_matches_nothing(sample: str) -> None:
    password, text = SAMPLES[sample]
    kept = password_hash(text).text
    at = len(kept) - 10
    changed = kept[:at] + ("a" if kept[at] != "a" else "b") + kept[at + 1 :]

    assert not is_match(password, changed)
