"""
A value that does not parse, or that would be unsafe, stops the start.

RFC 7518 section 3.2, OWASP ASVS 3.3.1, 11.4.2 and 13.3.
"""

import sys

import pytest

from keystead.settings import Settings, names_of
from tests.environment import PLAIN_NAMES, SECRET, Environment, env, refused

__all__ = ["env"]

PRODUCTION = {
    "KEYSTEAD_ENVIRONMENT": "production",
    "KEYSTEAD_ALLOWED_HOSTS": "accounts.example.com",
}

WRONG = [
    ("PORT", "abc", "'abc'", "a valid integer"),
    ("PORT", "0", "'0'", "greater than or equal to 1"),
    ("PORT", "65536", "'65536'", "less than or equal to 65535"),
    ("PORT", "80.5", "'80.5'", "a valid integer"),
    ("KEYSTEAD_WORKERS", "0", "'0'", "greater than or equal to 1"),
    ("KEYSTEAD_ENVIRONMENT", "prod", "'prod'", "'development' or 'production'"),
    ("KEYSTEAD_LOG_FORMAT", "xml", "'xml'", "'auto', 'console' or 'json'"),
    ("KEYSTEAD_API_DOCS", "maybe", "'maybe'", "a valid boolean"),
    ("APP_NAME", "x" * 65, "'" + "x" * 65 + "'", "at most 64 characters"),
    ("JWT_ACCESS_EXPIRES_IN", "5 minutes", "'5 minutes'", "a duration such as 500ms, 10s, 5m"),
    ("JWT_ACCESS_EXPIRES_IN", "25h", "'25h'", "less than or equal to 1 day"),
    ("JWT_ACCESS_EXPIRES_IN", "999ms", "'999ms'", "greater than or equal to 1 second"),
    ("JWT_REFRESH_EXPIRES_IN", "999999999999999w", "'999999999999999w'", "a duration such as"),
    ("SESSION_EXPIRES_IN", "-1", "'-1'", "a duration such as"),
    ("KEYSTEAD_SESSION_IDLE", "401d", "'401d'", "less than or equal to 400 days"),
    ("KEYSTEAD_SESSION_LIFETIME", "forever", "'forever'", "a duration such as"),
    ("KEYSTEAD_SESSION_TOUCH_INTERVAL", "2h", "'2h'", "less than or equal to 1 hour"),
    ("KEYSTEAD_REFRESH_LEEWAY", "6m", "'6m'", "less than or equal to 5 minutes"),
    ("KEYSTEAD_REFRESH_RETRY", "always", "'always'", "'refuse' or 'reissue'"),
    ("KEYSTEAD_SESSIONS_PER_USER", "0", "'0'", "greater than or equal to 1"),
    ("COOKIE_HTTP_ONLY", "false", "false", "only true"),
    ("COOKIE_HTTP_ONLY", "perhaps", "'perhaps'", "a valid boolean"),
    ("COOKIE_SECURE", "perhaps", "'perhaps'", "a valid boolean"),
    ("COOKIE_SAME_SITE", "some", "'some'", "'strict', 'lax' or 'none'"),
    ("COOKIE_SAME_SITE", "none", "none", "none with COOKIE_SECURE=true"),
    ("TRUST_PROXY", "loopback", "'loopback'", "CIDRs such as 10.0.0.0/8"),
    (
        "KEYSTEAD_ALLOWED_HOSTS",
        "https://a.example",
        "'https://a.example'",
        "without scheme and port",
    ),
    ("KEYSTEAD_ALLOWED_HOSTS", "a.example:443", "'a.example:443'", "without scheme and port"),
    ("KEYSTEAD_ALLOWED_HOSTS", "*.a.example", "'*.a.example'", "or * for any"),
    ("KEYSTEAD_ALLOWED_HOSTS", "a..example", "'a..example'", "host names"),
    ("KEYSTEAD_ALLOWED_ORIGINS", "*", "'*'", "neither * nor null"),
    ("KEYSTEAD_ALLOWED_ORIGINS", "null", "'null'", "neither * nor null"),
    ("KEYSTEAD_ALLOWED_ORIGINS", "app.example.com", "'app.example.com'", "origins with scheme"),
    ("KEYSTEAD_ALLOWED_ORIGINS", "https://a.example/", "'https://a.example/'", "without a path"),
    ("KEYSTEAD_ALLOWED_ORIGINS", "https://*.a.example", "'https://*.a.example'", "origins with"),
    ("KEYSTEAD_ALLOWED_ORIGINS", "https://u@a.example", "'https://u@a.example'", "origins with"),
    ("KEYSTEAD_ALLOWED_ORIGINS", "https://a.example:0", "'https://a.example:0'", "origins with"),
    ("KEYSTEAD_ALLOWED_ORIGINS", "file:///x", "'file:///x'", "origins with scheme"),
    ("KEYSTEAD_PASSWORD_PROFILE", "weak", "'weak'", "'asvs' or 'nist'"),
    ("KEYSTEAD_THROTTLE", "maybe", "'maybe'", "'on' or 'off'"),
    ("KEYSTEAD_REDIS_URL", "http://x", "a value that is not shown", "redis://"),
    ("KEYSTEAD_ARGON2_MEMORY_KIB", "7", "'7'", "greater than or equal to 8"),
    ("SEED_ADMIN_ON_START", "true", "true", "true only with ADMIN_EMAIL and ADMIN_PASSWORD set"),
    ("JWT_SECRET", "hunter2", "a value of 7 bytes", "32 bytes or more"),
    ("JWT_SECRET", "k" * 31, "a value of 31 bytes", "32 bytes or more"),
]
each_wrong = pytest.mark.parametrize(("name", "text", "read", "allowed"), WRONG)


@each_wrong
def test_a_refusal_names_the_setting_what_was_read_and_what_is_allowed(
    env: Environment, name: str, text: str, read: str, allowed: str
) -> None:
    env.set(**{name: text})

    (line,) = refused()

    assert line.startswith(f"{name}: read {read}; allowed: ")
    assert allowed in line.removeprefix(f"{name}: read {read}")


@each_wrong
def test_a_refusal_says_that_it_comes_from_the_file(
    env: Environment, name: str, text: str, read: str, allowed: str
) -> None:
    env.write_file(f"{name}={text}")

    (line,) = refused()

    assert line.startswith(f"{name} in .env: read {read}; allowed: ")
    assert allowed in line


def test_a_refusal_names_the_name_that_was_used(env: Environment) -> None:
    env.set(KEYSTEAD_JWT_SECRET="hunter2")

    assert refused()[0].startswith("KEYSTEAD_JWT_SECRET: ")
    assert refused(port=0)[0].startswith("KEYSTEAD_PORT: ")


def test_everything_that_is_wrong_is_said_at_once(env: Environment) -> None:
    env.set(PORT="abc", COOKIE_SAME_SITE="some", TRUST_PROXY="x", JWT_ACCESS_EXPIRES_IN="x")

    lines = refused()

    assert {line.partition(":")[0] for line in lines} == {
        *("PORT", "COOKIE_SAME_SITE", "TRUST_PROXY", "JWT_ACCESS_EXPIRES_IN")
    }


@pytest.mark.parametrize("environment", ["development", "production"])
def test_no_refusal_shows_a_secret(env: Environment, environment: str) -> None:
    secrets = {
        "JWT_SECRET": "hunter2-changeme",
        "ADMIN_PASSWORD": "changeme-hunter3",
        "MAXMIND_LICENSE_KEY": "hunter4",
        "DB_URL": "postgresql://keystead:hunter5@db/keystead",
    }
    env.set(KEYSTEAD_ENVIRONMENT=environment, COOKIE_HTTP_ONLY="false", **secrets)

    text = "\n".join(refused())

    assert "hunter" not in text
    assert "JWT_SECRET" in text


def test_a_secret_of_32_bytes_is_enough_however_many_characters_it_has(env: Environment) -> None:
    for secret in (SECRET, "\u00e9" * 16):
        env.set(JWT_SECRET=secret)
        assert Settings.load().jwt_secret is not None


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.0.2.1", "2001:db8::1", "10.0.0.1", "example"],  # noqa: S104 - refused.
)
def test_the_world_is_listened_to_only_by_those_who_say_what_they_are(
    env: Environment, host: str
) -> None:
    env.set(KEYSTEAD_HOST=host, KEYSTEAD_ALLOWED_HOSTS="accounts.example.com")
    (line,) = refused()
    assert line.startswith(f"KEYSTEAD_HOST: read {host}; allowed: a loopback address")
    assert "KEYSTEAD_ENVIRONMENT" in line
    assert refused(host=host) == [line]

    for environment in ("development", "production"):
        env.set(KEYSTEAD_ENVIRONMENT=environment)
        assert Settings.load().host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_is_listened_to_by_anybody(env: Environment, host: str) -> None:
    env.set(KEYSTEAD_HOST=host)

    assert Settings.load().host == host


def test_the_environment_may_be_said_in_the_file(env: Environment) -> None:
    env.write_file("KEYSTEAD_ENVIRONMENT=development\nKEYSTEAD_HOST=::")

    assert Settings.load().host == "::"


def test_in_production_the_defaults_are_safe(env: Environment) -> None:
    env.set(**PRODUCTION)

    settings = Settings.load()

    assert settings.is_production
    assert settings.has_secure_cookie
    assert settings.cookie_same_site == "strict"
    assert settings.trusted_proxies == ()


SAMPLES = [
    "super-secret-key-that-is-32-bytes-long",
    "change-me" * 4,
    "CHANGEME" * 4,
    "your-secret" * 3,
]
SAMPLES += ["my-32-character-ultra-secure-and-ultra-long-secret", "a" * 32, " " * 36, "abc" * 12]
SAMPLES += ["your_secret_key_your_secret_key_", "sample" * 6, "an example of a secret of 32 bytes"]
UNSAFE = [
    *(("JWT_SECRET", text, "a sample value") for text in SAMPLES),
    *(("ADMIN_PASSWORD", text, "a sample value") for text in ("your-password", "changeme123")),
    ("COOKIE_SECURE", "false", "false"),
    ("KEYSTEAD_ALLOWED_ORIGINS", "http://app.example.com", "http://app.example.com"),
    ("KEYSTEAD_THROTTLE", "off", "off"),
    ("KEYSTEAD_ARGON2_MEMORY_KIB", "19455", "19455 with 2 iterations"),
    ("KEYSTEAD_ARGON2_ITERATIONS", "1", "19456 with 1 iterations"),
]


@pytest.mark.parametrize(("name", "text", "read"), UNSAFE)
def test_what_is_unsafe_is_refused_in_production_only(
    env: Environment, name: str, text: str, read: str
) -> None:
    env.set(**{name: text})
    Settings.load()

    env.set(**PRODUCTION)
    (line,) = refused()
    # Two settings make up one strength; the line may name either of them.
    assert line.startswith((f"{name}: read {read}; allowed: ", "KEYSTEAD_ARGON2_MEMORY_KIB: read"))
    assert read in line


def test_in_production_the_host_names_must_be_said(env: Environment) -> None:
    env.set(KEYSTEAD_ENVIRONMENT="production")
    (line,) = refused()
    assert line.startswith("KEYSTEAD_ALLOWED_HOSTS: read nothing; allowed: in production the host")
    assert "such as accounts.example.com, or * for any" in line

    for hosts in ("*", "accounts.example.com"):
        env.set(KEYSTEAD_ALLOWED_HOSTS=hosts)
        assert Settings.load().served_hosts == (hosts,)


def test_in_production_pages_of_this_machine_may_be_listed_over_http(env: Environment) -> None:
    origins = ("http://localhost:5173", "http://127.0.0.1", "http://[::1]:80", "https://a.example")
    env.set(**PRODUCTION, KEYSTEAD_ALLOWED_ORIGINS=",".join(origins))

    assert Settings.load().allowed_origins == (*origins[:2], "http://[::1]", origins[3])


@pytest.mark.parametrize(("memory", "iterations"), [(19_456, 2), (47_104, 1), (65_536, 3)])
def test_either_strength_of_argon2_is_enough_in_production(
    env: Environment, memory: int, iterations: int
) -> None:
    env.set(
        **PRODUCTION,
        KEYSTEAD_ARGON2_MEMORY_KIB=str(memory),
        KEYSTEAD_ARGON2_ITERATIONS=str(iterations),
    )

    assert Settings.load().is_production


def test_a_cookie_for_other_sites_is_a_secure_one(env: Environment) -> None:
    env.set(COOKIE_SAME_SITE="none", COOKIE_SECURE="true")
    assert Settings.load().has_secure_cookie

    env.set(COOKIE_SECURE="false", **PRODUCTION)
    assert len(refused()) == 2


def test_no_plain_name_is_the_name_of_two_settings() -> None:
    own = [names_of(field)[0] for field in Settings.model_fields]

    assert len({*own, *PLAIN_NAMES}) == len(own) + len(PLAIN_NAMES)


@pytest.mark.parametrize("lacking", ["opentelemetry", "opentelemetry.exporter.otlp"])
def test_traces_without_what_sends_them_are_refused_with_what_to_install(
    env: Environment, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    for name in (lacking, f"{lacking}.proto", f"{lacking}.exporter"):
        monkeypatch.setitem(sys.modules, name, None)
    env.set(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318")

    (line,) = refused()

    assert "pip install 'keystead[otel]'" in line
    assert line.startswith("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT")
    env.set(OTEL_SDK_DISABLED="true")
    assert not Settings.load().traces.is_on
