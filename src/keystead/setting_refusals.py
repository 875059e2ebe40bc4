"""What settings may not be, taken together: contradictions, and what would be unsafe."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from keystead.setting_values import LOOPBACK_HOSTS

if TYPE_CHECKING:
    from keystead.settings import Settings

MIN_JWT_SECRET_BYTES = 32
"""An HS256 key is at least as long as the hash it feeds (RFC 7518 section 3.2)."""

ARGON2_MINIMA = ((19_456, 2), (47_104, 1))
"""(KiB, iterations), either is enough: OWASP Password Storage Cheat Sheet, ASVS 5.0 appendix C."""

SAMPLE = re.compile(
    r"change.?me|your.?(secret|password|key)|super.?secret|sample|example", re.IGNORECASE
)
"""Values that documentation shows and that somebody always deploys."""

SAMPLE_KEY = re.compile(r"secret|password|change|replace|jwt", re.IGNORECASE)
"""Words in the sample keys of tutorials; a random key has none of them."""

MIN_DISTINCT_CHARACTERS = 12
"""A random secret of 32 characters has more; one key held down has one."""

Refusal = tuple[str, str, str]
"""The field, what was read (never a secret), and what is allowed."""


def contradictions(settings: "Settings", *, is_loopback: bool) -> Iterator[Refusal]:
    """Yield what can never be."""
    if not settings.cookie_http_only:
        yield "cookie_http_only", "false", "only true: scripts must not read the cookie"
    size = len(settings.jwt_secret.get_secret_value().encode()) if settings.jwt_secret else None
    if size is not None and size < MIN_JWT_SECRET_BYTES:
        allowed = (
            f"{MIN_JWT_SECRET_BYTES} bytes or more (try: openssl rand -base64 48), "
            "or leave it out to use a generated ES256 key"
        )
        yield "jwt_secret", f"a value of {size} bytes", allowed
    if settings.secrets is not None and settings.secrets_file is not None:
        yield "secrets_file", str(settings.secrets_file), "one of this and KEYSTEAD_SECRETS"
    if settings.cookie_same_site == "none" and not settings.has_secure_cookie:
        yield "cookie_same_site", "none", "strict or lax, or none with COOKIE_SECURE=true"
    if settings.redis_url is not None:
        yield from _unusable_redis(settings.redis_url.get_secret_value())
    if settings.seed_admin_on_start and not (settings.admin_email and settings.admin_password):
        yield "seed_admin_on_start", "true", "true only with ADMIN_EMAIL and ADMIN_PASSWORD set"
    if not is_loopback and "environment" not in settings.model_fields_set:
        allowed = "a loopback address, unless KEYSTEAD_ENVIRONMENT says development or production"
        yield "host", settings.host, allowed


def _unusable_redis(url: str) -> Iterator[Refusal]:
    if not url.startswith(("redis://", "rediss://")):
        yield "redis_url", "a value that is not shown", "redis://host:6379/0, or rediss:// with TLS"
    elif find_spec("limits") is None:
        allowed = "only with the extra that speaks to it: pip install 'keystead[redis]'"
        yield "redis_url", "a value that is not shown", allowed


def unsafe_in_production(settings: "Settings") -> Iterator[Refusal]:
    """Yield what is good enough to try things out, and for nothing else."""
    if not settings.has_secure_cookie:
        yield "cookie_secure", "false", "true in production"
    if settings.throttle == "off":
        yield "throttle", "off", "on in production"
    if not settings.allowed_hosts:
        allowed = "in production the host names it is reached by, such as accounts.example.com"
        yield "allowed_hosts", "nothing", f"{allowed}, or * for any"
    for origin in settings.allowed_origins:
        if origin.startswith("http:") and not _is_on_this_machine(origin):
            yield "allowed_origins", origin, "https in production, unless it is a loopback address"
    yield from _samples(settings)
    memory, iterations = settings.argon2_memory_kib, settings.argon2_iterations
    if not any(memory >= least and iterations >= passes for least, passes in ARGON2_MINIMA):
        minima = ", or ".join(f"{least} with {passes}" for least, passes in ARGON2_MINIMA)
        yield (
            "argon2_memory_kib",
            f"{memory} with {iterations} iterations",
            f"at least {minima} in production",
        )


def _samples(settings: "Settings") -> Iterator[Refusal]:
    if has_weak_secret(settings):
        yield "jwt_secret", "a sample value", "a random one (try: openssl rand -base64 48)"
    if settings.admin_password and SAMPLE.search(settings.admin_password.get_secret_value()):
        yield "admin_password", "a sample value", "one that only you know"


def _is_on_this_machine(origin: str) -> bool:
    host = urlsplit(origin).hostname
    return host in LOOPBACK_HOSTS


def has_weak_secret(settings: "Settings") -> bool:
    """Say whether access tokens are signed with a secret that somebody could guess."""
    return settings.jwt_secret is not None and _is_sample(settings.jwt_secret.get_secret_value())


def _is_sample(secret: str) -> bool:
    is_shown_somewhere = SAMPLE.search(secret) or SAMPLE_KEY.search(secret)
    return bool(is_shown_somewhere) or len(set(secret)) < MIN_DISTINCT_CHARACTERS
