"""Which address is the client's (OWASP ASVS 5.0 4.1.3, 15.3.4): what a proxy says, if it is ours."""

import gc
import ipaddress
import sys

import pytest

from keystead.web.client_ip import ClientIp
from tests.conftest import ReadLog, Service, StartService
from tests.people import Person, profile_with

pytestmark = pytest.mark.only_on("sqlite", because="no database is asked about it")

PROXY, SECOND_PROXY = "10.0.0.1", "10.0.0.2"
CLIENT = "203.0.113.7"
TRUSTED = "10.0.0.0/8,2001:db8:1::/48"


@pytest.fixture
async def service(start: StartService) -> Service:
    """A service behind proxies in 10.0.0.0/8."""
    return await start(trusted_proxies=TRUSTED)


async def recorded(service: Service, peer: str, *headers: tuple[str, str]) -> str | None:
    """Sign Bob in from *peer* with *headers*, and return the address his session shows."""
    bob = await service.person("bob")
    client = service.client(ip=peer)
    raw = [(name.encode(), value.encode()) for name, value in headers]
    answer = await client.post("/auth/login", json=bob.credentials, headers=raw)
    assert answer.status_code == 200
    profile = await profile_with(client, answer.json()["accessToken"])
    ip: str | None = profile.json()["session"]["ip"]
    return ip


FORGED = [
    ("X-Forwarded-For", "1.2.3.4"),
    ("X_Forwarded_For", "1.2.3.4"),
    ("Forwarded", "for=1.2.3.4"),
    ("X-Real-IP", "1.2.3.4"),
    ("X-Client-IP", "1.2.3.4"),
    ("True-Client-IP", "1.2.3.4"),
    ("CF-Connecting-IP", "1.2.3.4"),
    ("X-Forwarded-For", "a"),
    ("X-Forwarded-For", "1.2.3.4, " * 1100),
    ("X-Forwarded-For", "é"),
    ("X-Forwarded-For", ""),
]


@pytest.mark.parametrize("header", FORGED)
async def test_a_stranger_is_where_they_connect_from(
    service: Service, header: tuple[str, str]
) -> None:
    assert await recorded(service, "198.51.100.7", header) == "198.51.100.7"


@pytest.mark.parametrize("header", [one for one in FORGED if one[0] != "X-Forwarded-For"])
async def test_not_even_a_trusted_proxy_is_believed_in_another_header(
    service: Service, header: tuple[str, str]
) -> None:
    assert await recorded(service, PROXY, header) == PROXY
    assert await recorded_again(service, PROXY, ("X-Forwarded-For", CLIENT), header) == CLIENT


async def recorded_again(service: Service, peer: str, *headers: tuple[str, str]) -> str | None:
    bob = Person(service.client(ip=peer), "bob@example.com")
    bob.client.headers.update(dict(headers))
    await bob.login()
    ip: str | None = (await bob.profile()).json()["session"]["ip"]
    return ip


@pytest.mark.parametrize(
    ("forwarded", "found"),
    [
        (CLIENT, CLIENT),
        (f"  {CLIENT}\t", CLIENT),
        (f"1.2.3.4, {CLIENT}", CLIENT),  # whatever the client wrote stands on the left
        (f"1.2.3.4, {CLIENT}, {SECOND_PROXY}", CLIENT),
        (f"{CLIENT}, {SECOND_PROXY},{SECOND_PROXY}", CLIENT),
        ("2001:DB8::0:7", "2001:db8::7"),
        (f"::ffff:{CLIENT}", CLIENT),
        (f"{CLIENT}, ::ffff:{SECOND_PROXY}", CLIENT),
        ("10.9.9.9, 10.8.8.8", "10.9.9.9"),
        # What does not parse ends the walk at what is known to be true.
        ("", PROXY),
        ("a", PROXY),
        (f"{CLIENT}, a", PROXY),
        (f"{CLIENT}, a, {SECOND_PROXY}", SECOND_PROXY),
        (f"{CLIENT},", PROXY),
        ("unknown", PROXY),
        ("203.0.113.7.8", PROXY),
        ("203.0.113.007", PROXY),
        ("2130706433", PROXY),
        (f"{CLIENT}:4711", PROXY),
        ("x" * 10_000, PROXY),
        ("," * 10_000, PROXY),
        (f"1.2.3.4, {CLIENT}, " + f"{SECOND_PROXY}, " * 15 + SECOND_PROXY, CLIENT),
        (f"{CLIENT}, " + f"{SECOND_PROXY}, " * 500 + SECOND_PROXY, SECOND_PROXY),
    ],
)
async def test_what_a_trusted_proxy_forwards_is_read_from_the_right(
    service: Service, forwarded: str, found: str
) -> None:
    assert await recorded(service, PROXY, ("X-Forwarded-For", forwarded)) == found


async def test_several_headers_are_one_list(service: Service) -> None:
    headers = [("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", CLIENT)]

    assert await recorded(service, PROXY, *headers) == CLIENT


async def test_a_peer_seen_through_both_protocols_is_one_peer(service: Service) -> None:
    assert await recorded(service, "::ffff:198.51.100.7") == "198.51.100.7"
    assert await recorded_again(service, f"::ffff:{PROXY}", ("X-Forwarded-For", CLIENT)) == CLIENT
    assert await recorded_again(service, "2001:db8:1::1", ("X-Forwarded-For", CLIENT)) == CLIENT


async def test_a_zone_is_no_part_of_an_address(start: StartService) -> None:
    """It may be any text, and link-local addresses are among the private networks."""
    service = await start(trusted_proxies="true")

    forged = ("X-Forwarded-For", "fe80::7%<script>" + "x" * 5000)

    assert await recorded(service, "fe80::1%eth0", forged) == "fe80::7"


async def test_nobody_is_trusted_unless_told(start: StartService) -> None:
    service = await start()

    assert await recorded(service, "127.0.0.1", ("X-Forwarded-For", CLIENT)) == "127.0.0.1"


async def test_the_log_names_the_same_address(service: Service, read_log: ReadLog) -> None:
    headers = {"X-Forwarded-For": f"1.2.3.4, {CLIENT}"}
    await service.client(ip=PROXY).get("/livez", headers=headers)

    (line,) = [line for line in read_log() if line["event"] == "request"]
    assert line["ip"] == CLIENT


def test_a_peer_without_an_address_has_none() -> None:
    client_ip = ClientIp([ipaddress.ip_network("10.0.0.0/8")])

    assert client_ip.find(None, (CLIENT.encode(),)) is None
    assert client_ip.find("unix:/run/x", (CLIENT.encode(),)) is None


def test_long_headers_do_not_pile_up() -> None:
    """What is remembered between requests is bounded, whoever writes the headers."""
    client_ip = ClientIp([])
    headers = [(b"%d" % number + b"," * 15_000,) for number in range(50)]
    before = sys.getrefcount(headers[0][0])

    for forwarded in headers:
        assert client_ip.find("198.51.100.7", forwarded) == "198.51.100.7"

    gc.collect()
    after = sys.getrefcount(headers[0][0])  # not in the assertion, which would hold it once more
    assert after == before
