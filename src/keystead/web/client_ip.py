"""Which address a request comes from."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_HOPS = 20
"""Entries of X-Forwarded-For looked at, from the right; nobody stands behind more proxies."""

MAX_ADDRESS = 45
"""Characters of the longest address: IPv6 with an IPv4 tail. One more does not parse."""


class ClientIp:
    """
    The peer's address, unless the peer is a trusted proxy.

    Then X-Forwarded-For is walked from the right, past every trusted proxy, to the first address
    that is not one. What does not parse ends the walk: the last address known to be true holds. No
    other header is ever believed.
    """

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)
        self._look_at = lru_cache(maxsize=4096)(self._judge)

    def find(self, peer: str | None, forwarded: Sequence[bytes]) -> str | None:
        """Return the client's address in its one spelling; None if the peer has no IP address."""
        address, is_trusted = self._look_at(peer or "")
        if not (is_trusted and forwarded):
            return address
        entries = b",".join(forwarded).split(b",")
        for entry in reversed(entries[-MAX_HOPS:]):
            # What is remembered must be short: a client chooses what stands here.
            text = entry.strip()[: MAX_ADDRESS + 1].decode("latin-1")
            further, is_trusted = self._look_at(text)
            if further is None:
                break
            address = further
            if not is_trusted:
                break
        return address

    def trusts(self, peer: tuple[str, int] | None) -> bool:
        """Say whether *peer*, as ASGI names it, is a trusted proxy."""
        return peer is not None and self._look_at(peer[0])[1]

    def _judge(self, text: str) -> tuple[str | None, bool]:
        address = _parse(text)
        if address is None:
            return None, False
        return str(address), any(address in network for network in self._trusted)


def _parse(text: str) -> Address | None:
    # The zone after % means something on one host only, and could hold any text.
    text = text.partition("%")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # ::ffff:192.0.2.1 is 192.0.2.1, seen by a socket that speaks both.
    return getattr(address, "ipv4_mapped", None) or address
