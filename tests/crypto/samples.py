"""Keys and a session for the tests of tokens and hashes."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from keystead.crypto.access_tokens import JwtAccessTokens, TokenPolicy
from keystead.crypto.keyring import Keyring
from keystead.crypto.random import SystemRandomness
from keystead.crypto.secrets_file import load_or_create
from keystead.domain.session import SignedIn
from tests.store.samples import NOW, new_session, new_user

SECRET = "bq2vF8mC1xW4kL7nR0tY5uI3oP6aS9dZ"
POLICY = TokenPolicy("https://id.example.com", "https://api.example.com", timedelta(minutes=5))

BOB = new_user()
SESSION = new_session(BOB)
BOB_SIGNED_IN = SignedIn(SESSION, BOB)


def new_keyring(folder: Path, name: str = "secrets.json") -> Keyring:
    return load_or_create(folder / name, may_create=lambda: True)


@dataclass
class Issuer:
    """Access tokens of one installation, and the time."""

    keyring: Keyring
    secret: str | None = None
    now: datetime = NOW
    tokens: JwtAccessTokens = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = JwtAccessTokens(self.keyring, self.secret, POLICY, SystemRandomness())

    def issue(self) -> str:
        return self.tokens.issue(BOB_SIGNED_IN, self.now)
