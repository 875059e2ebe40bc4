"""What the environment says becomes settings, or a refusal that a person can act on."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import SecretStr

from keystead.settings import Settings, names_of, unknown_names
from tests.environment import PLAIN_NAMES, SECRET, Environment, env

__all__ = ["env"]


VALUES: dict[str, tuple[str, object]] = {
    "environment": ("Production", "production"),
    "host": ("::1", "::1"),
    "port": ("8080", 8080),
    "workers": ("4", 4),
    "metrics_port": ("9460", 9460),
    "metrics_host": ("::1", "::1"),
    "app_name": ("Bookshelf", "Bookshelf"),
    "api_docs": ("false", False),
    "account_pages": ("false", False),
    "admin_pages": ("false", False),
    "log_format": ("JSON", "json"),
    "database_url": ("sqlite:////var/lib/keystead.db", "sqlite:////var/lib/keystead.db"),
    "database_pool": ("25", 25),
    "secrets_file": ("/run/secrets/keystead.json", Path("/run/secrets/keystead.json")),
    "secrets": ("{}", "{}"),
    "secrets_dir": ("/", Path("/")),
    "jwt_secret": (SECRET, SECRET),
    "issuer": ("https://id.example.com", "https://id.example.com"),
    "audience": ("https://api.example.com", "https://api.example.com"),
    "access_token_lifetime": ("15m", timedelta(minutes=15)),
    "session_idle": ("7d", timedelta(days=7)),
    "refresh_idle": ("14d", timedelta(days=14)),
    "session_lifetime": ("90d", timedelta(days=90)),
    "session_touch_interval": ("0", timedelta(0)),
    "sessions_per_user": ("5", 5),
    "refresh_leeway": ("500ms", timedelta(milliseconds=500)),
    "refresh_retry": ("Reissue", "reissue"),
    "cookie_http_only": ("true", True),
    "cookie_secure": ("1", True),
    "cookie_same_site": ("Lax", "lax"),
    "trusted_proxies": (
        "10.0.0.0/8, 2001:db8::1",
        (ip_network("10.0.0.0/8"), ip_network("2001:db8::1/128")),
    ),
    "allowed_hosts": (
        "Accounts.Example.com, [0:0::1],10.0.0.5",
        ("accounts.example.com", "::1", "10.0.0.5"),
    ),
    "allowed_origins": (
        "https://app.example.com:443, http://LOCALHOST:5173",
        ("https://app.example.com", "http://localhost:5173"),
    ),
    "step_up": ("All", "all"),
    "step_up_window": ("15m", timedelta(minutes=15)),
    "audit_trim_after": ("30d", timedelta(days=30)),
    "password_profile": ("NIST", "nist"),
    "argon2_memory_kib": ("65536", 65_536),
    "argon2_iterations": ("3", 3),
    "argon2_parallelism": ("4", 4),
    "throttle": ("OFF", "off"),
    "throttle_sign_ins": ("200", 200),
    "throttle_registrations": ("1000", 1000),
    "redis_url": ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
    "seed_admin_on_start": ("true", True),
    "admin_email": ("ada@example.com", "ada@example.com"),
    "admin_password": ("a fine passphrase", "a fine passphrase"),
    "geo_db_file_path": ("/data/city.mmdb", Path("/data/city.mmdb")),
    "maxmind_account_id": ("4711", "4711"),
    "maxmind_license_key": ("a key of theirs", "a key of theirs"),
}
NEEDED = {
    "environment": {"KEYSTEAD_ALLOWED_HOSTS": "*"},
    "seed_admin_on_start": {"ADMIN_EMAIL": "a@example.com", "ADMIN_PASSWORD": "passphrase"},
}
EACH_NAME = [(name, field) for field in VALUES for name in names_of(field)]


def read(settings: Settings, field: str) -> object:
    value = getattr(settings, field)
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def test_every_setting_is_tried_here() -> None:
    assert set(VALUES) == set(Settings.model_fields)


@pytest.mark.parametrize(("name", "field"), EACH_NAME)
def test_a_setting_is_read_under_each_of_its_names(env: Environment, name: str, field: str) -> None:
    text, value = VALUES[field]
    env.set(**NEEDED.get(field, {}), **{name: text})

    assert read(Settings.load(), field) == value


@pytest.mark.parametrize(("name", "field"), EACH_NAME)
def test_a_setting_is_read_from_a_file_too(env: Environment, name: str, field: str) -> None:
    text, value = VALUES[field]
    env.set(**NEEDED.get(field, {}))
    env.write_file(f"# ours\n{name}={text}\n")

    assert read(Settings.load(), field) == value


def test_without_any_setting_it_starts_for_development(env: Environment) -> None:
    assert env
    settings = Settings.load()

    assert (settings.environment, settings.host, settings.port) == (
        "development",
        "127.0.0.1",
        3020,
    )
    assert not settings.has_secure_cookie


def test_the_names_of_the_system_it_replaces_are_known() -> None:
    assert {
        *("PORT", "DB_URL", "JWT_SECRET", "JWT_ACCESS_EXPIRES_IN", "JWT_REFRESH_EXPIRES_IN"),
        *("SESSION_EXPIRES_IN", "COOKIE_HTTP_ONLY", "COOKIE_SECURE", "COOKIE_SAME_SITE"),
        *("SEED_ADMIN_ON_START", "ADMIN_EMAIL", "ADMIN_PASSWORD", "MAXMIND_LICENSE_KEY"),
        *("MAXMIND_ACCOUNT_ID", "GEO_DB_FILE_PATH", "TRUST_PROXY", "APP_NAME"),
    } == set(PLAIN_NAMES)


def test_the_own_name_comes_before_the_plain_one(env: Environment) -> None:
    env.set(PORT="1000", KEYSTEAD_PORT="2000")

    assert Settings.load().port == 2000


def test_the_command_line_comes_before_the_environment(env: Environment) -> None:
    env.set(PORT="1000")

    assert Settings.load(port=2000).port == 2000
    assert Settings.load(port=None).port == 1000


@pytest.mark.parametrize("in_environment", ["PORT", "KEYSTEAD_PORT"])
@pytest.mark.parametrize("in_file", ["PORT", "KEYSTEAD_PORT"])
def test_the_environment_comes_before_the_file(
    env: Environment, in_environment: str, in_file: str
) -> None:
    env.set(**{in_environment: "1000"})
    env.write_file(f"{in_file}=2000")

    assert Settings.load().port == 1000


def test_an_empty_value_is_none(env: Environment) -> None:
    env.set(KEYSTEAD_PORT="", PORT="1000", JWT_SECRET="", SESSION_EXPIRES_IN="")

    settings = Settings.load()

    assert (settings.port, settings.jwt_secret) == (1000, None)
    assert settings.session_idle == timedelta(days=14)


@pytest.mark.parametrize(
    ("given", "shorter"),
    [
        ({"SESSION_EXPIRES_IN": "14d", "JWT_REFRESH_EXPIRES_IN": "7d"}, 7),
        ({"SESSION_EXPIRES_IN": "604800000", "JWT_REFRESH_EXPIRES_IN": "14d"}, 7),
        ({"SESSION_EXPIRES_IN": "5d"}, 5),
        ({"JWT_REFRESH_EXPIRES_IN": "3d"}, 3),
        ({"JWT_REFRESH_EXPIRES_IN": "300d"}, 14),
        ({}, 14),
    ],
    ids=str,
)
def test_of_two_idle_times_the_shorter_holds(
    env: Environment, given: dict[str, str], shorter: int
) -> None:
    env.set(**given)

    assert Settings.load().session_policy.idle == timedelta(days=shorter)


def test_names_that_nothing_reads_are_reported(env: Environment) -> None:
    env.set(KEYSTEAD_PROT="1", KEYSTEAD_PORT="1000", keystead_lower="1", PROT="1")
    env.write_file("KEYSTEAD_SESION_IDLE=14d\nKEYSTEAD_HOST=::1\nANOTHER_PROGRAMS=1\n")

    assert unknown_names() == ["KEYSTEAD_LOWER", "KEYSTEAD_PROT", "KEYSTEAD_SESION_IDLE"]


def test_settings_show_no_secret_and_cannot_be_changed(env: Environment) -> None:
    env.set(JWT_SECRET=SECRET, ADMIN_PASSWORD="hunter2", DB_URL="sqlite:///hunter3.db")
    settings = Settings.load()

    for text in (repr(settings), str(settings), settings.model_dump_json()):
        assert not [secret for secret in (SECRET, "hunter2", "hunter3") if secret in text]
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1
