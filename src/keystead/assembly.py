"""Joins the adapters to the ports: what the server and the command line both work with."""

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keystead.addresses import canonical_email, search_prefix
from keystead.crypto.access_tokens import JwtAccessTokens, TokenPolicy
from keystead.crypto.audit import MacAuditSeals
from keystead.crypto.counter_keys import CounterKeys
from keystead.crypto.csrf_tokens import MacCsrfTokens
from keystead.crypto.device_tokens import MacDeviceTokens
from keystead.crypto.keyring import Keyring
from keystead.crypto.passwords import Argon2Profile, PepperedPasswords, as_it_is, load_blocklist
from keystead.crypto.random import SystemRandomness
from keystead.crypto.refresh_tokens import MacRefreshTokens
from keystead.crypto.secrets_file import (
    SecretsFile,
    load_or_create,
    read_text,
    refuse_another,
)
from keystead.devices import read_device
from keystead.domain.keys import KeyUse
from keystead.domain.overview import GEO_DATABASE_OLD, Concern, Installation
from keystead.domain.passwords import MIN_LENGTHS, PasswordPolicy
from keystead.domain.session import COMMAND_LINE, SETTINGS
from keystead.domain.store import Store
from keystead.domain.transfer import CopyUnfinished, Transfer
from keystead.flows.seed_admin import seed_admin
from keystead.flows.tools import Tools
from keystead.flows.unsettled import UnsettledRotations
from keystead.logs import log, record
from keystead.places.lookup import Places
from keystead.setting_refusals import has_weak_secret
from keystead.settings import Settings
from keystead.store import is_embedded, open_store, product_of, sqlite_path

if TYPE_CHECKING:
    from keystead.redis_counts import RedisCounts
    from keystead.traces.tracing import Tracing

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the time in UTC, in whole milliseconds: what every store can keep."""
    return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)


@asynccontextmanager
async def open_tools(settings: Settings, tracing: "Tracing | None" = None) -> AsyncIterator[Tools]:
    """
    Connect everything a flow needs, and disconnect it afterwards.

    Raises: StoreDown, UnknownDatabase, SchemaUnknown, CopyUnfinished, SecretsFileUnusable.
    """
    url = settings.database_url.get_secret_value()
    store = open_store(url, settings.database_pool, _tell_of_disk)
    try:
        await store.open()
        await _refuse_unfinished(store)
        keyring = await _open_keyring(settings, store)
        passwords = _passwords(settings, keyring.at(KeyUse.PEPPER, system_clock()), tracing)
        places = Places(settings.geo_db_file_path, warn=_warn_of_places)
        watched = tracing.around_store(store, product_of(url)) if tracing else store
        redis = _redis(settings, watched)
        tools = _tools(settings, watched, keyring, passwords, places)
        if redis is not None:
            tools = replace(tools, counts=redis, is_degraded=redis.is_degraded)
        try:
            yield tools
        finally:
            if redis is not None:
                await redis.close()
            passwords.close()
            places.close()
    finally:
        await store.close()


async def seed(settings: Settings, tools: Tools, now: datetime) -> None:
    """Make the admin that the settings name, if they ask for one and there is none."""
    if not (settings.seed_admin_on_start and settings.admin_email and settings.admin_password):
        return
    password = settings.admin_password.get_secret_value()
    tools = replace(tools, origin=SETTINGS)
    await seed_admin(tools, settings.admin_email, password, now)


def _tools(
    settings: Settings,
    store: Store,
    keyring: Keyring,
    passwords: PepperedPasswords,
    places: Places,
) -> Tools:
    return Tools(
        **_keyed(settings, keyring, system_clock()),
        store=store,
        passwords=passwords,
        random=SystemRandomness(),
        canonical_email=canonical_email,
        search_prefix=search_prefix,
        find_place=places.find,
        read_device=read_device,
        record=record,
        unsettled=UnsettledRotations(),
        session_policy=settings.session_policy,
        access_token_lifetime=settings.access_token_lifetime,
        step_up_policy=settings.step_up_policy,
        password_policy=PasswordPolicy(
            MIN_LENGTHS[settings.password_profile], load_blocklist(), settings.app_name
        ),
        counts=store,
        is_degraded=lambda: False,
        inspect=lambda now: _installation(settings, places, now),
        throttle_policy=settings.throttle_policy,
        audit_trim_after=settings.audit_trim_after,
        origin=COMMAND_LINE,
    )


def _installation(settings: Settings, places: Places, now: datetime) -> Installation:
    geo = places.describe()
    is_old = geo is not None and geo.age(now) > GEO_DATABASE_OLD
    found = {
        Concern.JWT_SECRET_WEAK: has_weak_secret(settings),
        Concern.THROTTLE_OFF: settings.throttle == "off",
        Concern.GEO_DATABASE_MISSING: geo is None,
        Concern.GEO_DATABASE_OLD: is_old,
    }
    return Installation(
        database=product_of(settings.database_url.get_secret_value()),
        geo_built_at=geo.built_at if geo else None,
        expects_proxy=bool(settings.trusted_proxies),
        concerns=tuple(concern for concern, is_so in found.items() if is_so),
    )


def _keyed(settings: Settings, keyring: Keyring, now: datetime) -> dict[str, Any]:
    """Return the tools that are made of keys."""
    random = SystemRandomness()
    secret = settings.jwt_secret.get_secret_value() if settings.jwt_secret else None
    policy = TokenPolicy(settings.issuer, settings.audience, settings.access_token_lifetime)
    signing, refresh = (keyring.at(use, now) for use in (KeyUse.SIGNING, KeyUse.REFRESH))
    return {
        "access_tokens": JwtAccessTokens(signing, secret, policy, random),
        "refresh_tokens": MacRefreshTokens(refresh),
        "device_tokens": MacDeviceTokens(refresh, random),
        "csrf_tokens": MacCsrfTokens(refresh),
        "counter_key": CounterKeys(keyring.for_counters()),
        "audit": MacAuditSeals(keyring.for_records(now), random),
    }


def with_keys(settings: Settings, tools: Tools, keyring: Keyring, now: datetime) -> Tools:
    """Return *tools* that go on with *keyring* as it is *now*; takes the time of a password hash."""
    if isinstance(tools.passwords, PepperedPasswords):
        tools.passwords.change_keys(keyring.at(KeyUse.PEPPER, now))
    return replace(tools, **_keyed(settings, keyring, now))


async def _refuse_unfinished(store: Transfer) -> None:
    state = await store.find_copy()
    if state is not None and not state.is_finished:
        raise CopyUnfinished(
            "a copy into this database has begun and is not whole: run the same `keystead copy` "
            "again, which goes on from where it was"
        )


async def _open_keyring(settings: Settings, store: Store) -> Keyring:
    bound_to = await store.find_fingerprint()
    if settings.secrets is None:
        where = str(secrets_path(settings))
        keyring = load_or_create(secrets_path(settings), may_create=lambda: bound_to is None)
    else:
        where, keyring = "KEYSTEAD_SECRETS", read_text(settings.secrets.get_secret_value())
    refuse_another(keyring, await store.bind_secrets(keyring.fingerprint), where)
    return keyring


def key_reader(settings: Settings) -> Callable[[], Keyring]:
    """Return what reads the keys as they are now; raises SecretsFileUnusable."""
    if settings.secrets is None:
        return SecretsFile(secrets_path(settings)).read
    keyring = read_text(settings.secrets.get_secret_value())
    return lambda: keyring


def secrets_path(settings: Settings) -> Path:
    """Return where the generated secrets live: as set, or beside the database."""
    if settings.secrets_file is not None:
        return settings.secrets_file
    url = settings.database_url.get_secret_value()
    database = sqlite_path(url) if is_embedded(url) else Path("keystead")
    return database.with_suffix(".secrets.json")


def _passwords(
    settings: Settings, keyring: Keyring, tracing: "Tracing | None"
) -> PepperedPasswords:
    profile = Argon2Profile(
        settings.argon2_memory_kib, settings.argon2_iterations, settings.argon2_parallelism
    )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    workers = max(1, (cores or 1) // settings.workers)
    return PepperedPasswords(
        keyring, profile, workers, tracing.around_hash if tracing else as_it_is
    )


def _redis(settings: Settings, store: Store) -> "RedisCounts | None":
    if settings.redis_url is None:
        return None
    # An extra: who has no Redis need not install what speaks to one.
    from keystead.redis_counts import RedisCounts  # noqa: PLC0415

    url = settings.redis_url.get_secret_value()
    return RedisCounts(store, url, settings.workers, system_clock, _tell_of_redis)


def _tell_of_redis(reason: str | None) -> None:
    if reason is None:
        log.info("redis_connected")
    else:
        log.warning("redis_unavailable", reason=reason)


def _warn_of_places(reason: str) -> None:
    log.warning("geo_database_unusable", reason=reason)


def _tell_of_disk(event: str, reason: str) -> None:
    write = log.critical if event == "disk_full" else log.info
    write(event, reason=reason)
