"""
Headers with which a client claims to be somebody else's address.

OWASP ASVS 4.1.3, 15.3.4; RFC 7239 section 8.1.
"""

import pytest

from tests.conftest import Service, StartService
from tests.people import Person

EVE = "198.51.100.66"
PROXY = "10.0.0.1"
CLAIMED = "203.0.113.7"

CLAIMS = [
    "X-Forwarded-For", "x_forwarded_for", "Forwarded", "X-Forwarded", "X-Real-IP", "X-Client-IP",
    "True-Client-IP", "CF-Connecting-IP", "X-Cluster-Client-IP", "X-Forwarded-Host", "Via",
]  # fmt: skip


@pytest.mark.requirement(20)
@pytest.mark.parametrize("trusted", ["", PROXY])
async def test_a_client_that_is_no_trusted_proxy_is_never_believed(
    start: StartService, trusted: str
) -> None:
    service = await start(trusted_proxies=trusted)
    eve = await service.person("eve")

    for name in CLAIMS:
        value = f"for={CLAIMED}" if name == "Forwarded" else CLAIMED
        assert await recorded_ip(service, eve, EVE, {name: value}) == EVE, name


@pytest.mark.requirement(20)
async def test_behind_a_trusted_proxy_no_other_header_is_believed(start: StartService) -> None:
    service = await start(trusted_proxies=PROXY)
    eve = await service.person("eve")

    for name in CLAIMS[1:]:
        headers = {"X-Forwarded-For": EVE, name: CLAIMED}
        assert await recorded_ip(service, eve, PROXY, headers) == EVE, name


FORWARDED = [
    (CLAIMED + ", " + EVE, EVE),
    (f"{CLAIMED}, {EVE}, {PROXY}", EVE),
    (f"{PROXY}, {CLAIMED}, {EVE}", EVE),
    (f"{CLAIMED}, a", PROXY),
    ("a", PROXY),
    ("", PROXY),
    (",,,", PROXY),
    (f"{CLAIMED},", PROXY),
    ("a" * 10_000, PROXY),
    (f"{CLAIMED}, " + "9" * 10_000, PROXY),
    (f"{CLAIMED}:443", PROXY),
    ("127.0.0.1.", PROXY),
    ("0x7f000001", PROXY),
    ("\u0663.1.1.1", PROXY),
    ("unknown", PROXY),
    ("_hidden", PROXY),
    ("' OR 1=1 --", PROXY),
    ("<script>alert(1)</script>", PROXY),
    ("fe80::1%<script>alert(1)</script>", "fe80::1"),
    ("fe80::1%" + "z" * 9_000, "fe80::1"),
    ("::ffff:198.51.100.66", EVE),
    ("2001:DB8:0::1", "2001:db8::1"),
    (", ".join([CLAIMED] + [PROXY] * 500), PROXY),
]


@pytest.mark.requirement(20)
async def test_behind_a_trusted_proxy_only_what_it_appended_is_believed(
    start: StartService,
) -> None:
    service = await start(trusted_proxies=PROXY)
    eve = await service.person("eve")

    for forwarded, expected in FORWARDED:
        headers = {"X-Forwarded-For": forwarded}
        assert await recorded_ip(service, eve, PROXY, headers) == expected, forwarded


@pytest.mark.requirement(20)
async def test_a_second_header_does_not_come_before_what_the_proxy_appended(
    start: StartService,
) -> None:
    service = await start(trusted_proxies=PROXY)
    eve = await service.person("eve")
    headers = [("X-Forwarded-For", CLAIMED), ("X-Forwarded-For", EVE)]

    assert await recorded_ip(service, eve, PROXY, headers) == EVE


@pytest.mark.requirement(20)
async def test_a_flood_of_claims_is_not_remembered(start: StartService) -> None:
    service = await start(trusted_proxies=PROXY)
    clients = [service.client(ip=EVE), service.client(ip=PROXY)]

    for number in range(50):
        for client in clients:
            claim = f"{number}{'x' * 10_000}, {EVE}"
            assert (await client.get("/livez", headers={"X-Forwarded-For": claim})).is_success

    remembered = service.app._client_ip._look_at.cache_info()
    assert remembered.currsize <= 3


async def recorded_ip(
    service: Service, person: Person, peer: str, headers: dict[str, str] | list[tuple[str, str]]
) -> str:
    """Sign in from *peer* with *headers*; return the address that the new session is shown with."""
    pairs = headers.items() if isinstance(headers, dict) else headers
    raw = [(name.encode(), value.encode()) for name, value in pairs]
    answer = await service.client(ip=peer).post("/auth/login", json=person.credentials, headers=raw)
    person.access_token = answer.json()["accessToken"]
    shown = (await person.profile()).json()["session"]
    listed = (await person.get("/sessions")).json()["sessions"]
    assert next(one["ip"] for one in listed if one["current"]) == shown["ip"]
    return str(shown["ip"])
