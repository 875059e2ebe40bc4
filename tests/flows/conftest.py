"""What a flow's test has: the tools on a database of its own, and what was recorded."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from keystead.crypto.keyring import Keyring
from keystead.crypto.passwords import Argon2Profile, PepperedPasswords
from keystead.crypto.secrets_file import load_or_create
from keystead.domain.events import Event
from keystead.domain.session import Origin
from keystead.domain.user import PasswordHash
from keystead.flows.login import TokenPair, login
from keystead.flows.tools import Tools
from tests.conftest import CHEAPEST_ARGON2, Clock
from tests.databases import Database, secrets_of
from tests.people import FIREFOX, PASSWORD

BOB = "bob@example.com"


@pytest.fixture
def events() -> list[Event]:
    """What was recorded, oldest first."""
    return []


@pytest.fixture
def tools(tools: Tools, events: list[Event]) -> Tools:
    return replace(tools, record=events.append)


@pytest.fixture
def keyring(tools: Tools, database: Database) -> Keyring:  # noqa: ARG001 - the tools made its file.
    return load_or_create(secrets_of(database), may_create=lambda: False)


class CountedPasswords(PepperedPasswords):
    """Hashes like any other, and counts how often it did: what takes the time of a sign-in."""

    def __init__(self, keyring: Keyring, profile: Argon2Profile) -> None:
        self.count = 0
        super().__init__(keyring, profile, workers=1)
        self.count = 0  # Without the dummy.

    def _hash(self, password: str) -> PasswordHash:
        self.count += 1
        return super()._hash(password)

    def _verify(self, password: str, stored: PasswordHash) -> bool:
        self.count += 1
        return super()._verify(password, stored)


CountWith = Callable[..., CountedPasswords]


@pytest.fixture
def passwords(keyring: Keyring) -> CountedPasswords:
    return CountedPasswords(keyring, Argon2Profile(*CHEAPEST_ARGON2.values()))


@pytest.fixture
def counted(tools: Tools, passwords: CountedPasswords) -> Tools:
    """The same tools, with hashing that can be counted."""
    return replace(tools, passwords=passwords)


async def sign_in(
    tools: Tools, clock: Clock, email: str = BOB, password: str = PASSWORD
) -> TokenPair:
    return await login(tools.asked_from(Origin("192.0.2.1", FIREFOX)), email, password, clock.now)
