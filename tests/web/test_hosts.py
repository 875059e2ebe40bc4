"""Which names and addresses are ours, however they are written."""

import pytest

from keystead.web.errors import HostNotServed, RequestMalformed
from keystead.web.hosts import Hosts

OURS = Hosts(["accounts.example.com", "192.0.2.1", "2001:db8::1"])


@pytest.mark.parametrize(
    "host",
    [
        b"accounts.example.com",
        b"ACCOUNTS.example.COM",
        b"accounts.example.com:8443",
        b"192.0.2.1:80",
        b"[2001:db8::1]",
        b"[2001:DB8:0:0::0001]:443",
    ],
)
def test_a_name_of_ours_is_served_in_any_case_and_at_any_port(host: bytes) -> None:
    OURS.check(host, "/")


@pytest.mark.parametrize(
    "host",
    [
        b"example.com",
        b"accounts.example.com.",
        b"accounts.example.com.evil.example",
        b"evil-accounts.example.com",
        b"192.0.2.2",
        b"[2001:db8::2]",
        b"3221225985",  # 192.0.2.1 as one number, which some browsers take.
    ],
)
def test_any_other_name_is_not(host: bytes) -> None:
    with pytest.raises(HostNotServed) as refused:
        OURS.check(host, "/")

    assert refused.value.headers == {"Connection": "close"}


@pytest.mark.parametrize(
    "host",
    [
        None, b"", b" ", b"a b", b"accounts.example.com, evil.example", b"user@accounts.example.com",
        b"accounts.example.com/", b"accounts.example.com:", b"accounts.example.com:port",
        b"accounts.example.com:123456", b"2001:db8::1", b"[2001:db8::1", b"[::1%25eth0]",
        b"[1:2:3]", b"a" * 254, b"\xc3\xa4.example",
    ],
)  # fmt: skip
@pytest.mark.parametrize("served", [["accounts.example.com"], ["*"]])
def test_what_cannot_be_a_host_is_malformed_whatever_is_served(
    host: bytes | None, served: list[str]
) -> None:
    for path in ("/", "/livez"):
        with pytest.raises(RequestMalformed):
            Hosts(served).check(host, path)


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])  # noqa: S104
def test_where_every_address_is_listened_on_every_address_is_ours_and_no_name(
    everywhere: str,
) -> None:
    hosts = Hosts([everywhere])

    hosts.check(b"203.0.113.9", "/")
    hosts.check(b"[2001:db8::9]:8080", "/")
    with pytest.raises(HostNotServed):
        hosts.check(b"evil.example", "/")
