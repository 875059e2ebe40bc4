"""
Under which host names this service answers.

A page can point a name of its own at this machine once it is loaded, and its browser then takes us
for that page's own server: DNS rebinding. What the browser cannot change is the name in Host.
"""

import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache

from keystead.web.errors import HostNotServed, ProtocolFault, RequestMalformed

HOST = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
"""A name, an IPv4 address or an IPv6 address in brackets, perhaps with a port."""

ANY = "*"
EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised, not listened on.

FOR_ANY_HOST = frozenset({"/livez", "/readyz"})
"""Load balancers ask by address. They say nothing that a stranger could not have."""


class Hosts:
    """
    The names and addresses that are ours, whatever the port.

    `*` stands for any; an address that a server listens on for every address of its machine
    (`0.0.0.0`, `::`) for every address: those cannot be rebound.
    """

    def __init__(self, served: Iterable[str]) -> None:
        self._served = frozenset(served)
        # A client chooses what is looked up, so what is kept of it is little.
        self._look_at = lru_cache(maxsize=64)(self._judge)

    def check(self, host: bytes | None, path: str) -> None:
        """
        Let a request pass that was sent to one of our names.

        Raises: RequestMalformed: there is no Host, or one that cannot be (RFC 9112 section 3.2).
                HostNotServed: it is somebody else's; RFC 9110 section 15.5.20 has 421 for this.
        """
        fault = self._look_at(host)
        if fault is None or (fault is HostNotServed and path in FOR_ANY_HOST):
            return
        raise fault(Connection="close")

    def _judge(self, host: bytes | None) -> type[ProtocolFault] | None:
        match = HOST.fullmatch((host or b"").decode("latin-1"))
        if match is None:
            return RequestMalformed
        name = match[1].strip("[]").lower()
        try:
            name = str(ipaddress.ip_address(name))
            is_address = True
        except ValueError:
            is_address = False
        if ":" in match[1] and not is_address:
            return RequestMalformed
        is_ours = ANY in self._served or name in self._served
        is_ours |= is_address and not EVERY_ADDRESS.isdisjoint(self._served)
        return None if is_ours else HostNotServed
