"""Which address a request comes from."""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_HOPS = 20
"""Entries of X-Forwarded-For looked at, from the right; nobody stands behind more proxies."""


class ClientIp:
    """
    The peer's address, unless the peer is a trusted proxy.

    Then X-Forwarded-For is walked from the right, past every trusted proxy, to the first address
    that is not one. What does not parse ends the walk: the last address known to be true holds. No
    other header is ever believed.
    """

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)
        self.find = lru_cache(maxsize=4096)(self._find)

    def _find(self, peer: str | None, forwarded: tuple[bytes, ...]) -> str | None:
        address = _parse(peer or "")
        if address is None:
            return None
        entries = b",".join(forwarded).split(b",")
        for entry in reversed(entries[-MAX_HOPS:]):
            if not self._is_trusted(address):
                break
            further = _parse(entry.decode("latin-1").strip())
            if further is None:
                break
            address = further
        return str(address)

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def _parse(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # ::ffff:192.0.2.1 is 192.0.2.1, seen by a socket that speaks both.
    return getattr(address, "ipv4_mapped", None) or address
