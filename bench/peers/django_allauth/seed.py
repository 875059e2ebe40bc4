"""
Fill the database: python seed.py SESSIONS TOKENS.

One person signs up through the API; SQL copies the rows, ten sessions to a user. What a session holds is
signed and names its user: Django itself makes it, once for each of them.
"""

import os
import sqlite3

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from filling import FOLDER, PASSWORD, asked_for, copy, hurry, write_seeded

EMAIL = "model@example.com"
BITS = 2048

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"


def write_key() -> None:
    """Make the key that signs tokens; the settings read it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (FOLDER / "jwt.pem").write_bytes(text)


def fill(db: sqlite3.Connection, sessions: int, users: int) -> None:
    """Copy the user, the address and the session there are."""
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415 - needs settings.
    from django.db import connections  # noqa: PLC0415

    (first,) = db.execute("SELECT max(id) FROM auth_user").fetchone()
    (key,) = db.execute("SELECT session_key FROM django_session").fetchone()
    model = SessionStore(key).load()
    connections.close_all()  # Nobody else may have it open while its journal changes.
    hurry(db)
    email = "'person-' || n || '@example.com'"
    copy(db, "auth_user", {
        "id": f"{first + 1} + n", "username": "'person-' || n", "email": email,
    }, users)  # fmt: skip
    copy(db, "account_emailaddress", {
        "id": "NULL", "user_id": f"{first + 1} + n", "email": email,
    }, users)  # fmt: skip
    db.execute("CREATE TEMP TABLE owners (n INTEGER PRIMARY KEY, data TEXT)")
    store = SessionStore()
    db.executemany(
        "INSERT INTO owners VALUES (?, ?)",
        ((n, store.encode(model | {"_auth_user_id": str(first + 1 + n)})) for n in range(users)),
    )
    copy(db, "django_session", {
        # 32 characters, as it makes them; in order, since filling an index at random takes minutes.
        "session_key": "printf('%08x', n) || lower(hex(randomblob(12)))",
        "session_data": f"(SELECT data FROM owners WHERE owners.n = numbers.n * 7919 % {users})",  # noqa: S608
    }, sessions)  # fmt: skip
    db.execute("DELETE FROM django_session WHERE session_key = ?", (key,))
    db.execute("ANALYZE")


def sign_up() -> None:
    """Make the tables and the model through the API."""
    from django.core.management import call_command  # noqa: PLC0415 - needs settings.
    from django.test import Client  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    answer = Client(headers={"host": "127.0.0.1"}).post(
        "/_allauth/app/v1/auth/signup",
        {"email": EMAIL, "password": PASSWORD},
        content_type="application/json",
        secure=True,
    )
    assert answer.status_code == 200, answer.content  # noqa: PLR2004 - HTTP's own number.


def refresh_tokens(keys: list[str]) -> list[str]:
    """Give each session a refresh token, as signing in does."""
    from allauth.core.internal.sessionkit import get_session_user  # noqa: PLC0415 - needs settings.
    from allauth.headless.tokens.strategies.jwt.internal import create_refresh_token  # noqa: PLC0415
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415
    from django.db import transaction  # noqa: PLC0415

    tokens = []
    with transaction.atomic():
        for key in keys:
            session = SessionStore(key)
            tokens.append(create_refresh_token(get_session_user(session), session))
            session.save()
    return tokens


def main() -> None:
    """Do it, and write what a load generator needs to seeded.json."""
    import django  # noqa: PLC0415 - needs settings, which need the key.

    sessions, tokens, users = asked_for()
    write_key()
    django.setup()
    sign_up()
    db = sqlite3.connect(FOLDER / "django-allauth.db")
    fill(db, sessions, users)
    db.commit()
    query = "SELECT session_key FROM django_session ORDER BY random() LIMIT ?"
    keys = [key for (key,) in db.execute(query, (tokens,))]
    (password_hash,) = db.execute("SELECT password FROM auth_user LIMIT 1").fetchone()
    db.close()
    write_seeded(
        users,
        headers=[f"X-Session-Token: {key}" for key in keys],
        refresh_tokens=refresh_tokens(keys),
        password_hash=password_hash,
    )


if __name__ == "__main__":
    main()
