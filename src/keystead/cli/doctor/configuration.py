"""Whether the settings say what was meant."""

import os
from collections.abc import AsyncIterator, Iterator

from keystead.cli.doctor.case import Case, Finding, fine, note, warning
from keystead.setting_refusals import unsafe_in_production
from keystead.setting_values import LOOPBACK_HOSTS, human
from keystead.settings import Settings, names_of, unknown_names


async def examine(case: Case) -> AsyncIterator[Finding]:
    """Look for mistyped names, values that contradict one another, and what production should not have."""
    found = [*_mistakes(case.settings), *_contradictions(case.settings)]
    if case.settings.is_production:
        found.extend(_for_production(case.settings))
    else:
        found.append(
            note(
                "KEYSTEAD_ENVIRONMENT is development",
                "unsafe values are accepted, and cookies go over http",
                "KEYSTEAD_ENVIRONMENT=production, wherever others can reach it",
            )
        )
        found.extend(_before_production(case.settings))
    for each in found:
        yield each
    if not found:
        yield fine("no setting contradicts another one")


def _mistakes(settings: Settings) -> Iterator[Finding]:
    for name in unknown_names():
        yield warning(
            f"{name} is no setting",
            "it is ignored; most likely it is mistyped",
            "keystead settings",
        )
    if bool(settings.maxmind_account_id) != bool(settings.maxmind_license_key):
        yield warning(
            "only one of MAXMIND_ACCOUNT_ID and MAXMIND_LICENSE_KEY is set",
            "nothing is downloaded",
            "set both, or none",
        )


def _contradictions(settings: Settings) -> Iterator[Finding]:
    policy = settings.session_policy
    if policy.idle > policy.lifetime:
        yield warning(
            f"the idle time {human(policy.idle)} is longer than the lifetime {human(policy.lifetime)}",
            "the idle time never ends a session",
            "KEYSTEAD_SESSION_IDLE below KEYSTEAD_SESSION_LIFETIME",
        )
    if settings.access_token_lifetime > policy.idle:
        yield warning(
            "an access token lives longer than an unused session",
            "clients cannot tell why it is refused",
            "JWT_ACCESS_EXPIRES_IN=5m",
        )
    cores = os.cpu_count() or 1
    if settings.workers > cores:
        yield warning(
            f"{settings.workers} server processes on {cores} cores",
            "they wait for one another",
            f"KEYSTEAD_WORKERS={cores}",
        )


def _before_production(settings: Settings) -> Iterator[Finding]:
    as_if = settings.model_copy(update={"environment": "production"})
    for field, read, allowed in unsafe_in_production(as_if):
        yield note(
            f"before production: {names_of(field)[0]} is {read}",
            "production does not start with it",
            f"{names_of(field)[0]}: {allowed}",
        )
    for finding in _for_production(as_if):
        yield note(f"before production: {finding.what}", finding.why, finding.fix)


def _for_production(settings: Settings) -> Iterator[Finding]:
    if "*" in settings.allowed_hosts:
        yield warning(
            "any host name is served",
            "a page of another site can reach it under a name of its own (DNS rebinding)",
            "KEYSTEAD_ALLOWED_HOSTS with the names it is reached by",
        )
    if not settings.trusted_proxies:
        yield warning(
            "no proxy is trusted",
            "production has one for https: every session shows its address, and all clients share "
            "what one address may try",
            "KEYSTEAD_TRUSTED_PROXIES with its address, such as 127.0.0.1/32",
        )
    if settings.host not in LOOPBACK_HOSTS:
        yield note(
            f"it listens on {settings.host}",
            "whoever reaches the port goes around the proxy, without https",
            "KEYSTEAD_HOST=127.0.0.1, or a firewall or network that lets only the proxy in",
        )
    if settings.step_up != "all":
        yield note(
            f"KEYSTEAD_STEP_UP is {settings.step_up}",
            "deleting an account and making admins ask for no recent sign-in",
            "KEYSTEAD_STEP_UP=all, unless clients of the reference API have to go on as they are",
        )
    if settings.seed_admin_on_start:
        yield note(
            "SEED_ADMIN_ON_START is on",
            "the first password of an admin stays in the configuration",
            "once there is an admin: take it out, with ADMIN_EMAIL and ADMIN_PASSWORD",
        )
    if settings.issuer == "keystead":
        yield note(
            "access tokens say issuer keystead",
            "two installations cannot be told apart by the services that verify tokens",
            "KEYSTEAD_ISSUER with the URL of this one",
        )
