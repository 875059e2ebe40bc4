"""
Every knob, typed, in one place. Only this file reads the environment.

A knob is read from `KEYSTEAD_<NAME>`, then from the plain names that other systems use for the
same thing (`PORT`, `DB_URL`, `JWT_SECRET`, ...); the environment comes before the `.env` file in
the working directory. A value that does not parse, or that would be unsafe, stops the start with
one line that says what was read and what is allowed.
"""

import ipaddress
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from dotenv import dotenv_values
from pydantic import (
    AliasChoices,
    AliasGenerator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from keystead.domain.session import SessionPolicy
from keystead.domain.step_up import StepUp, StepUpPolicy
from keystead.domain.throttle import AddressLimits, ThrottlePolicy
from keystead.setting_refusals import contradictions, unsafe_in_production
from keystead.setting_traces import TraceSettings, read_traces, unusable_traces
from keystead.setting_values import LOOPBACK_HOSTS, Duration, Hosts, Networks, Origins, Word, human

PREFIX = "KEYSTEAD_"
ENV_FILE = Path(".env")

OTHER_NAMES = {
    "access_token_lifetime": ("JWT_ACCESS_EXPIRES_IN",),
    "admin_email": ("ADMIN_EMAIL",),
    "admin_password": ("ADMIN_PASSWORD",),
    "app_name": ("APP_NAME",),
    "cookie_http_only": ("COOKIE_HTTP_ONLY",),
    "cookie_same_site": ("COOKIE_SAME_SITE",),
    "cookie_secure": ("COOKIE_SECURE",),
    "database_url": ("DB_URL",),
    "geo_db_file_path": ("GEO_DB_FILE_PATH",),
    "jwt_secret": ("JWT_SECRET",),
    "maxmind_account_id": ("MAXMIND_ACCOUNT_ID",),
    "maxmind_license_key": ("MAXMIND_LICENSE_KEY",),
    "port": ("PORT",),
    "refresh_idle": ("JWT_REFRESH_EXPIRES_IN",),
    "seed_admin_on_start": ("SEED_ADMIN_ON_START",),
    "session_idle": ("SESSION_EXPIRES_IN",),
    "trusted_proxies": ("TRUST_PROXY",),
}

COPY_FROM, COPY_TO, IMPORT_FROM = "KEYSTEAD_COPY_FROM", "KEYSTEAD_COPY_TO", "KEYSTEAD_IMPORT_FROM"
OF_COMMANDS = {COPY_FROM, COPY_TO, IMPORT_FROM}
"""Instead of an argument, which every user of the machine can read: databases to move from and to."""

MILLISECOND_NAMES = frozenset(
    {"JWT_ACCESS_EXPIRES_IN", "JWT_REFRESH_EXPIRES_IN", "SESSION_EXPIRES_IN"}
)
"""Names under which a bare number has always been milliseconds; elsewhere a unit is asked for."""


def names_of(field: str) -> tuple[str, ...]:
    """Return the names *field* answers to, the first one first."""
    return (PREFIX + field.upper(), *OTHER_NAMES.get(field, ()))


class SettingsRefused(Exception):  # noqa: N818 - named for the fact, like every fault.
    """The start is refused; each line names a setting, what was read and what is allowed."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))


class Settings(BaseSettings):
    """The configuration of one process: built once, handed to `app.build`, never looked up."""

    model_config = SettingsConfigDict(
        alias_generator=AliasGenerator(
            validation_alias=lambda field: AliasChoices(*names_of(field))
        ),
        env_file=ENV_FILE,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    environment: Annotated[Literal["development", "production"], Word] = Field(
        "development", description="`production` refuses unsafe values and logs JSON"
    )
    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(3020, ge=1, le=65_535, description="TCP port to listen on")
    workers: int = Field(1, ge=1, le=256, description="Server processes")
    app_name: str = Field(
        "Keystead", min_length=1, max_length=64, description="Name of the service, shown at `/`"
    )
    api_docs: bool = Field(default=True, description="Serve `/docs` and `/openapi.json`")
    account_pages: bool = Field(
        default=True, description="Serve the pages below `/account`, for everybody"
    )
    admin_pages: bool = Field(
        default=True, description="Serve the pages below `/admin`, for admins"
    )
    log_format: Annotated[Literal["auto", "console", "json"], Word] = Field(
        "auto", description="`console` or `json`; `auto` is `json` in production"
    )

    database_url: SecretStr = Field(
        SecretStr("sqlite:///keystead.db"),
        description="Where accounts are kept: `sqlite:///relative.db`, `sqlite:////absolute.db`, "
        "`postgresql://...`, `mongodb://...`, `mongodb+srv://...`",
    )
    database_pool: int = Field(
        10,
        ge=1,
        le=1000,
        description="Connections that each server process keeps to a database server at most",
    )
    secrets_file: Path | None = Field(
        None,
        description="Where generated keys are kept; unset: beside the database, or "
        "`keystead.secrets.json` if that is on a server",
    )

    secrets: SecretStr | None = Field(
        None,
        description="The content of a secrets file itself, where nothing can be kept in files",
    )
    secrets_dir: Path | None = Field(
        None,
        description="A folder with a file for each setting that is kept there, named like it, "
        "as Docker, Kubernetes and systemd mount secrets",
    )

    jwt_secret: SecretStr | None = Field(
        None,
        description="Sign access tokens with HS256 and this secret of 32 bytes or more, "
        "instead of a generated ES256 key",
    )
    issuer: str = Field(
        "keystead", min_length=1, max_length=200, description="`iss` of access tokens"
    )
    audience: str = Field(
        "keystead", min_length=1, max_length=200, description="`aud` of access tokens"
    )
    access_token_lifetime: Duration = Field(
        timedelta(minutes=5),
        ge=timedelta(seconds=1),
        le=timedelta(hours=24),
        description="How long an access token is good",
    )

    session_idle: Duration = Field(
        timedelta(days=14),
        ge=timedelta(seconds=1),
        le=timedelta(days=400),
        description="A session unused for this long is over",
    )
    refresh_idle: Duration | None = Field(
        None,
        ge=timedelta(seconds=1),
        le=timedelta(days=400),
        description="A second name for the idle time; where both are set the shorter one holds",
    )
    session_lifetime: Duration = Field(
        timedelta(days=30),
        ge=timedelta(seconds=1),
        le=timedelta(days=400),
        description="A session is over after this long, however much it is used",
    )
    session_touch_interval: Duration = Field(
        timedelta(seconds=60),
        ge=timedelta(0),
        le=timedelta(hours=1),
        description="Use of a session is written down at most this often; `0`: on every request",
    )
    sessions_per_user: int = Field(
        50, ge=1, le=1000, description="Sessions one user can hold; the oldest makes room"
    )
    refresh_leeway: Duration = Field(
        timedelta(seconds=10),
        ge=timedelta(0),
        le=timedelta(minutes=5),
        description="How long the refresh token before the newest is taken for a race, not theft",
    )
    refresh_retry: Annotated[Literal["refuse", "reissue"], Word] = Field(
        "refuse",
        description="Answer such a race with 401 `refresh_superseded`, or with the same successor",
    )

    step_up: Annotated[Literal["added", "all", "off"], Word] = Field(
        "added",
        description="Which sensitive routes ask for a recent sign-in: those that the reference API "
        "does not have, all, or none",
    )
    step_up_window: Duration = Field(
        timedelta(minutes=10),
        ge=timedelta(seconds=1),
        le=timedelta(hours=24),
        description="For how long a sign-in, or proving the password again, counts as recent",
    )

    cookie_http_only: bool = Field(
        default=True, description="Always true: scripts must not read the refresh cookie"
    )
    cookie_secure: bool | None = Field(
        None, description="Send the refresh cookie over https only; unset: on in production"
    )
    cookie_same_site: Annotated[Literal["strict", "lax", "none"], Word] = Field(
        "strict", description="`strict`, `lax`, or `none` (with a secure cookie)"
    )
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65_535,
        description="Where operators ask `/metrics` and `/readyz`, apart from clients; each further "
        "server process takes the next port. Unset: nowhere",
    )
    metrics_host: str = Field(
        "127.0.0.1",
        description="The IP address of that; it is open to whoever reaches it",
    )
    trusted_proxies: Networks = Field(
        (),
        description="Whose `X-Forwarded-For` is believed: CIDRs, or `true` for private networks",
    )
    allowed_hosts: Hosts = Field(
        (),
        description="Host names it is reached by; `*` for any. Needed in production; otherwise, "
        "unset: `localhost`, loopback addresses and `KEYSTEAD_HOST`",
    )
    allowed_origins: Origins = Field(
        (), description="Pages of which other origins may use it from a browser (CORS)"
    )

    password_profile: Annotated[Literal["asvs", "nist"], Word] = Field(
        "asvs", description="Shortest password: `asvs` 8 characters, `nist` 15"
    )
    argon2_memory_kib: int = Field(19_456, ge=8, le=1_048_576, description="Argon2id memory in KiB")
    argon2_iterations: int = Field(2, ge=1, le=32, description="Argon2id passes over the memory")
    argon2_parallelism: int = Field(1, ge=1, le=16, description="Argon2id lanes")

    throttle: Annotated[Literal["on", "off"], Word] = Field(
        "on", description="Limit guessing and registering; `off` is refused in production"
    )
    throttle_sign_ins: int = Field(
        60,
        ge=5,
        le=1_000_000,
        description="Failed sign-ins in an hour from one client address; ten times as many from "
        "the network around it",
    )
    throttle_registrations: int = Field(
        60,
        ge=5,
        le=1_000_000,
        description="Registrations in an hour from one client address; ten times as many from the "
        "network around it",
    )
    redis_url: SecretStr | None = Field(
        None,
        description="Count client addresses there instead of in the database: `redis://...`, "
        "`rediss://...`",
    )

    seed_admin_on_start: bool = Field(
        default=False, description="Make an admin at start while there is none"
    )
    admin_email: str | None = Field(None, description="E-mail address of the seeded admin")
    admin_password: SecretStr | None = Field(None, description="Their first password")

    audit_trim_after: Duration = Field(
        timedelta(days=90),
        ge=timedelta(days=1),
        le=timedelta(days=3650),
        description="How long the audit log keeps whole addresses and user agents; then their networks",
    )

    geo_db_file_path: Path = Field(
        Path("GeoLite2-City.mmdb"),
        description="City database (GeoLite2 or DB-IP); without it locations are null",
    )
    maxmind_account_id: str | None = Field(
        None, description="With the licence key: download that database and keep it fresh"
    )
    maxmind_license_key: SecretStr | None = Field(
        None, description="The licence key of that account"
    )

    @model_validator(mode="before")
    @classmethod
    def _name_milliseconds(cls, found: dict[str, object]) -> dict[str, object]:
        # Every value comes here under its first name, so where it was read must be looked up.
        return {
            name: f"{value}ms" if _is_bare(value) and _means_milliseconds(name) else value
            for name, value in found.items()
        }

    @classmethod
    def load(cls, **given: object) -> Self:
        """
        Read the environment, with *given* (from the command line) before it.

        Raises: SettingsRefused: with a line for each thing that is wrong.
        """
        named = {names_of(field)[0]: value for field, value in given.items() if value is not None}
        try:
            settings = cls(_secrets_dir=_secrets_dir(), **named)  # type: ignore[arg-type, call-arg] # pydantic checks them
        except ValidationError as refusal:
            raise SettingsRefused(list(_explain(refusal))) from None
        refusals = [*contradictions(settings, is_loopback=_is_loopback(settings.host))]
        if settings.is_production:
            refusals.extend(unsafe_in_production(settings))
        lines = [*(_line(*refusal) for refusal in refusals), *unusable_traces(os.environ)]
        if lines:
            raise SettingsRefused(lines)
        return settings

    @property
    def is_production(self) -> bool:
        """Whether unsafe values are refused."""
        return self.environment == "production"

    @property
    def has_secure_cookie(self) -> bool:
        """Whether the refresh cookie is sent over https only."""
        return self.is_production if self.cookie_secure is None else self.cookie_secure

    @property
    def served_hosts(self) -> tuple[str, ...]:
        """The host names it answers to."""
        return self.allowed_hosts or (*LOOPBACK_HOSTS, self.host.lower())

    @property
    def log_style(self) -> Literal["console", "json"]:
        """How lines of the log look."""
        if self.log_format == "auto":
            return "json" if self.is_production else "console"
        return self.log_format

    @property
    def page_areas(self) -> tuple[str, ...]:
        """Which areas of the pages are served, each by the name that its addresses begin with."""
        is_served = {"account": self.account_pages, "admin": self.admin_pages}
        return tuple(area for area, is_on in is_served.items() if is_on)

    @property
    def metrics_ports(self) -> range:
        """One for each server process; none if they are not asked for."""
        if self.metrics_port is None:
            return range(0)
        return range(self.metrics_port, self.metrics_port + self.workers)

    @property
    def traces(self) -> TraceSettings:
        """What the `OTEL_*` names of the environment say, which the library for them reads itself."""
        return read_traces(os.environ)

    @property
    def session_policy(self) -> SessionPolicy:
        """The session rules as the domain knows them."""
        return SessionPolicy(
            idle=min(self.session_idle, self.refresh_idle or self.session_idle),
            lifetime=self.session_lifetime,
            touch_interval=self.session_touch_interval,
            refresh_leeway=self.refresh_leeway,
            reissue=self.refresh_retry == "reissue",
            cap=self.sessions_per_user,
        )

    @property
    def step_up_policy(self) -> StepUpPolicy:
        """What asks for a recent sign-in, as the domain knows it."""
        scope = None if self.step_up == "off" else StepUp(self.step_up)
        return StepUpPolicy(scope, self.step_up_window)

    @property
    def throttle_policy(self) -> ThrottlePolicy:
        """The limits as the domain knows them."""
        return ThrottlePolicy(
            is_on=self.throttle == "on",
            sign_ins=AddressLimits.hourly("sign-in", self.throttle_sign_ins),
            registrations=AddressLimits.hourly("registration", self.throttle_registrations),
        )


def source_of(field: str) -> str:
    """Say where the value of *field* comes from: a name in the environment, in `.env`, or default."""
    in_file = {name.upper() for name, value in dotenv_values(ENV_FILE).items() if value}
    in_environment = {name.upper() for name, value in os.environ.items() if value}
    for name in names_of(field):
        if name in in_environment:
            return name
    for name in names_of(field):
        if name in in_file:
            return f"{name} in {ENV_FILE}"
    if folder := _secrets_dir():
        mounted = {path.name.upper() for path in folder.iterdir()}
        for name in names_of(field):
            if name in mounted:
                return f"{name} in {folder}"
    return "default"


def _secrets_dir() -> Path | None:
    name = names_of("secrets_dir")[0]
    folder = os.environ.get(name) or dotenv_values(ENV_FILE).get(name)
    if folder and not Path(folder).is_dir():
        raise SettingsRefused([f"{name}: read {folder!r}; allowed: a folder that is there"])
    return Path(folder) if folder else None


def unknown_names() -> list[str]:
    """Return names that begin like ours and that nothing reads: most likely a typing error."""
    known = {names_of(field)[0] for field in Settings.model_fields} | OF_COMMANDS
    given = {name.upper() for name in (*os.environ, *dotenv_values(ENV_FILE))}
    return sorted(name for name in given if name.startswith(PREFIX) and name not in known)


def _explain(refusal: ValidationError) -> Iterator[str]:
    for error in refusal.errors():
        where = str(error["loc"][0]) if error["loc"] else ""
        field = next((f for f in Settings.model_fields if where in names_of(f)), where)
        is_secret = "SecretStr" in str(Settings.model_fields[field].annotation)
        allowed = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        yield _line(field, "a value that is not shown" if is_secret else _read(error), allowed)


def _read(error: ErrorDetails) -> str:
    # A duration that is out of bounds was understood already; say it as it is written.
    value = error["input"]
    return repr(human(value) if isinstance(value, timedelta) else value)


def _line(field: str, read: str, allowed: str) -> str:
    source = source_of(field)
    name = names_of(field)[0] if source == "default" else source
    return f"{name}: read {read}; allowed: {allowed}"


def _is_bare(value: object) -> bool:
    return isinstance(value, str) and value.strip().replace(".", "", 1).isdecimal()


def _means_milliseconds(name: str) -> bool:
    return source_of(name.removeprefix(PREFIX).lower()).split()[0] in MILLISECOND_NAMES


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
