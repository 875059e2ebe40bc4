"""Client addresses, and the networks around them."""

import ipaddress
from functools import lru_cache

NEIGHBOURHOOD = (24, 48)
"""Bits of IPv4 and of IPv6: 256 neighbours, or one customer of a provider (RFC 6177)."""


@lru_cache(4096)
def network_of(ip: str | None, bits: tuple[int, int] = NEIGHBOURHOOD) -> str | None:
    """
    Return the network around an address; an IPv4 address written as IPv6 is itself. None for no address.

    Args: bits: how long its prefix is in IPv4 and in IPv6.
    """
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    prefix = bits[0] if isinstance(address, ipaddress.IPv4Address) else bits[1]
    return str(ipaddress.ip_network((address, prefix), strict=False))
