"""
A password that is nearly the right one: nothing is cut off, trimmed or folded before it is checked.

NIST SP 800-63B-4 section 3.1.1.2; OWASP ASVS 6.2.8, 6.2.9. (bcrypt ignores all past 72 bytes.)
"""

import unicodedata

import httpx
import pytest

from tests.conftest import Service
from tests.people import Person

HUNDRED = "Plum tree! " * 9 + "Z"


@pytest.mark.requirement(3)
@pytest.mark.parametrize(
    "attempt",
    [
        HUNDRED[:72],
        HUNDRED[:99],
        HUNDRED[:99] + "Y",
        HUNDRED + " ",
        " " + HUNDRED,
        HUNDRED + "\t",
        HUNDRED + "\u00a0",
        HUNDRED + HUNDRED,
        HUNDRED.lower(),
        HUNDRED.swapcase(),
        HUNDRED.replace(" ", "  "),
        HUNDRED.replace("P", "\uff30"),
        HUNDRED + "\u200b",
    ],
)
async def test_no_other_text_opens_the_account(anybody: httpx.AsyncClient, attempt: str) -> None:
    bob = Person(anybody, "bob@example.com", HUNDRED)
    await bob.register()

    bob.password = attempt
    answer = await bob.login()

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    bob.password = HUNDRED
    assert (await bob.login()).status_code == 200


@pytest.mark.requirement(2)
@pytest.mark.parametrize(
    "password",
    [
        "  leading and trailing blanks count  ",
        "\ttab\tand\nline\rbreaks\n",
        "a passphrase of sixty-four characters, with blanks and digits 42",
        "длинная парольная фраза 🦆 " * 5,
        "x" * 1023 + "y",
        "🦆" * 1024,
        '"; DROP TABLE users; --',
    ],
)
async def test_any_characters_at_any_length_work_unchanged(
    anybody: httpx.AsyncClient, password: str
) -> None:
    bob = Person(anybody, "bob@example.com", password)

    assert (await bob.register()).status_code == 201
    assert (await bob.login()).status_code == 200
    for other in (password.strip(), password[:-1], password[1:]):
        bob.password = other
        assert other == password or (await bob.login()).status_code == 401


@pytest.mark.requirement(4)
@pytest.mark.parametrize(
    "password", ["crème brûlée à la carte", "é" * 1000, "각" * 40, "Å ångström"]
)
async def test_the_same_password_typed_on_another_system_matches(
    service: Service, password: str
) -> None:
    composed = unicodedata.normalize("NFC", password)
    decomposed = unicodedata.normalize("NFD", password)
    assert composed != decomposed

    for name, first, then in (("a", composed, decomposed), ("b", decomposed, composed)):
        person = Person(service.client(), f"{name}@example.com", first)
        assert (await person.register()).status_code == 201
        assert (await person.login()).status_code == 200
        person.password = then
        assert (await person.login()).status_code == 200
