"""Which URLs are taken for a PostgreSQL server, and that no refusal shows a password."""

import pytest

from keystead.store import UnknownDatabase, open_store
from keystead.store.postgres_url import OPTIONS, read_url

GOOD = {
    "postgresql://db/keystead": (("db", 5432),),
    "postgres://ada:hunter2@db:6432/keystead": (("db", 6432),),
    "postgresql://ada:hun%40ter%2F2@db1,db2:5433/keystead?target_session_attrs=read-write": (
        ("db1", 5432),
        ("db2", 5433),
    ),
    "postgresql://[2001:db8::1]:5433/keystead": (("2001:db8::1", 5433),),
    "postgresql:///keystead?host=/run/postgresql": (),
    "postgresql://db/k?sslmode=verify-full&sslrootcert=/etc/ca.pem&sslcert=a&sslkey=b": (
        ("db", 5432),
    ),
}

BAD = {
    "postgresql://ada:hunter2@db/k?connect_timeout=3": "has an option connect_timeout",
    "postgresql://ada:hunter2@db/k?statement_timeout=0": "has an option statement_timeout",
    "postgresql://ada:hunter2@db/k?hunter2!=1": "an option that cannot be read",
    "postgresql://ada:hunter2@db/k?sslmode=off": "a sslmode that cannot be; allowed: disable, allow",
    "postgresql://ada:hunter2@db/k?target_session_attrs=master": "a target_session_attrs that",
    "postgresql://ada:hunter2@db1,db2/k?target_session_attrs=any": "a target_session_attrs that",
    "postgresql://ada:hunter2@db/k?target_session_attrs=standby": "a target_session_attrs that",
    "mongodb://ada:hunter2\u2100@db/k": "is no MongoDB URL",
    "mongodb://ada:[hunter2@db/k": "is no MongoDB URL",
    "mongodb://ada:12?w=hunter2@db/k": "is no MongoDB URL",
    "mongodb://ada:hunter2@db/k?w=1": "says another w than majority",
    "mongodb://ada:hunter2@db/k?replicaSet=a;timeoutMS=1": "has the option timeoutms",
    "postgresql://ada:hunter2@db/k?sslmode": "is no PostgreSQL URL",
    "postgresql://ada:hunter2@db:port/k": "is no PostgreSQL URL",
    "postgresql://ada:hunter2@db:70000/k": "is no PostgreSQL URL",
    # Passwords with a character that has to be encoded.
    "postgresql://ada:a/hunter2@db/k": "is no PostgreSQL URL",
    "postgresql://ada:12/hunter2@db/k": "is no PostgreSQL URL",
    "postgresql://ada:12?hunter2=1@db/k": "is no PostgreSQL URL",
    "postgresql://ada:12#hunter2@db/k": "is no PostgreSQL URL",
    "postgresql://ada:12@hunter2@db/k": "is no PostgreSQL URL",
    "postgresql://ada:[hunter2@db/k": "is no PostgreSQL URL",
}


@pytest.mark.parametrize(("url", "hosts"), GOOD.items(), ids=GOOD)
def test_hosts_are_read_in_their_order(url: str, hosts: tuple[tuple[str, int], ...]) -> None:
    target = read_url(url)

    assert target.hosts == hosts
    assert "hun" not in repr(target)
    open_store(url, 5)


@pytest.mark.parametrize(("url", "reason"), BAD.items(), ids=BAD)
def test_what_cannot_be_meant_is_refused_without_showing_a_password(url: str, reason: str) -> None:
    with pytest.raises(UnknownDatabase, match=reason) as refusal:
        open_store(url)

    assert "hunter2" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_of_several_hosts_only_one_that_takes_writes_is_used() -> None:
    # A standby that lags behind would accept what was revoked.
    assert read_url("postgresql://db1,db2/keystead").must_write
    assert not read_url("postgresql://db/keystead").must_write
    assert not read_url("postgresql://db1,db2/k?target_session_attrs=primary").must_write


@pytest.mark.parametrize("option", ["tls=True", "tls=yes", "tsl=true", "sslmode=require"])
async def test_an_option_of_mongodb_that_is_mistyped_is_refused_and_not_passed_over(
    option: str,
) -> None:
    store = open_store(f"mongodb://ada:hunter2@127.0.0.1:1/k?{option}")

    with pytest.raises(UnknownDatabase, match="is no MongoDB URL") as refusal:
        await store.open()

    assert "hunter2" not in str(refusal.value)
    await store.close()


@pytest.mark.parametrize("name", OPTIONS)
def test_the_driver_knows_every_option_that_is_allowed(name: str) -> None:
    # It sends the others to the server as settings, as is meant for this one alone.
    from asyncpg import connect_utils  # noqa: PLC0415 - loaded only by who needs it.

    values = {"sslmode": "disable", "port": "5432", "host": "/run", "sslnegotiation": "postgres"}
    value = values.get(name, "any")
    _, params = connect_utils._parse_connect_dsn_and_args(
        dsn=f"postgresql:///k?sslmode=disable&{name}={value}", host=None, port=None, user=None, password=None,
        passfile=None, database=None, ssl=None, service=None, servicefile=None, direct_tls=None,
        server_settings=None, target_session_attrs=None, krbsrvname=None, gsslib=None,
    )  # fmt: skip

    expected = {"application_name": "any"} if name == "application_name" else None
    assert params.server_settings == expected
