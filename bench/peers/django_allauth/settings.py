"""
django-allauth's headless API as its documentation and Django's deployment checklist set it up.

Everything not named here is its default: PBKDF2 with Django's own number of iterations, sessions of two
weeks in the database. Sources: https://docs.allauth.org/en/latest/installation/quickstart.html,
.../headless/installation.html and .../headless/token-strategies/jwt-tokens.html;
https://docs.djangoproject.com/en/5.2/howto/deployment/checklist/ and .../ref/databases/.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

# allauth names this module and does not import it; which other library does depends on what is installed.
import cryptography.hazmat.primitives.serialization  # noqa: F401

FOLDER = Path(os.environ["PEER_FOLDER"])

DEBUG = False
# Of a server that lives for minutes.
SECRET_KEY = "0123456789abcdef0123456789abcdef0123456789abcdefXYZ"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "urls"
WSGI_APPLICATION = "wsgi.application"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "allauth",
    "allauth.account",
    "allauth.headless",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "django-allauth.db",
        # Persistent connections, as the checklist advises.
        "CONN_MAX_AGE": None,
        # As the notes on SQLite show them. `synchronous` stays FULL, SQLite's default: what was
        # committed survives a power cut, as in Keystead.
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL;"},
    }
}
if url := os.environ.get("PEER_DATABASE_URL"):
    server = urlsplit(url)
    DATABASES["default"] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": server.path.removeprefix("/"),
        "USER": server.username,
        "HOST": server.hostname,
        "PORT": server.port,
        "CONN_MAX_AGE": None,
    }

SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True

ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # There is no mail server: nothing else here sends mail either.
ACCOUNT_RATE_LIMITS = False  # On by default: everything comes from one address.

HEADLESS_ONLY = True
HEADLESS_CLIENTS = ("app",)
HEADLESS_FRONTEND_URLS = {
    "account_confirm_email": "https://bench.example.com/verify/{key}",
    "account_reset_password": "https://bench.example.com/reset",
    "account_reset_password_from_key": "https://bench.example.com/reset/{key}",
    "account_signup": "https://bench.example.com/sign-up",
}
# Session tokens are as without it, and refresh tokens, rotated, come with it.
HEADLESS_TOKEN_STRATEGY = "allauth.headless.tokens.strategies.jwt.JWTTokenStrategy"
HEADLESS_JWT_PRIVATE_KEY = (FOLDER / "jwt.pem").read_text()
