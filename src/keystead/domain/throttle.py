"""
How often something may be tried: a password against an account, an address against the service.

A counter has a key that says nothing (an HMAC), the attempts made, and the moment from which the next
one is let in. The rule is here; the store follows it in the one statement that counts.
"""

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from keystead.domain.networks import network_of

HOUR = timedelta(hours=1)
DEVICE_LIFETIME = timedelta(days=400)
"""How long a device stays known: browsers keep no cookie longer (RFC 6265bis section 5.5)."""

ONE_CLIENT = (32, 64)
"""Bits of an address that stand for one client: who has an IPv6 address has the /64 around it."""

NETWORK_FACTOR = 10
"""A network (/24, /48) may do so many times what one address may: an office, not a botnet."""


@dataclass(frozen=True, slots=True)
class Limit:
    """
    *free* attempts at once, then one after each wait, and none after *stop* until all are forgotten.

    Args:
        name: what the RateLimit fields call it.
        memory: how long an attempt is remembered. Without *memory_at_stop* all are forgotten this
            long after the first, otherwise after the last.
        first_wait: after attempt number *free*; each further one doubles it, up to *longest_wait*.
        memory_at_stop: how long a stop lasts.

    """

    name: str
    free: int
    stop: int
    memory: timedelta
    first_wait: timedelta = timedelta(0)
    longest_wait: timedelta = timedelta(0)
    memory_at_stop: timedelta | None = None

    @classmethod
    def window(cls, name: str, most: int, length: timedelta) -> "Limit":
        """Return the limit that lets *most* in, then none until *length* after the first."""
        return cls(name, free=most, stop=most, memory=length)

    @property
    def is_window(self) -> bool:
        """Whether all attempts are forgotten together, and none of them makes the next one wait."""
        return self.free == self.stop and self.memory_at_stop is None

    @property
    def doublings(self) -> int:
        """How many times the first wait is doubled until it is the longest."""
        if not self.first_wait:
            return 0
        return max(0, math.ceil(math.log2(self.longest_wait / self.first_wait)))

    @property
    def wait_after_first(self) -> timedelta:
        """The wait that a first attempt begins; with a stop of one, until it is forgotten."""
        return self.memory if self.stop == 1 else self.wait_after(1)

    def wait_after(self, made: int) -> timedelta:
        """Return the wait after attempt number *made*, below the stop."""
        if made < self.free:
            return timedelta(0)
        doubled = made - self.free
        is_longest = doubled >= self.doublings
        return self.longest_wait if is_longest else self.first_wait * 2**doubled

    def quota_after(self, made: int) -> tuple[int, timedelta]:
        """Return how many attempts in how long are let in, to whoever has made *made*."""
        if made < self.stop:
            return 1, self.wait_after(made)
        return self.stop, self.memory_at_stop or self.memory


@dataclass(frozen=True, slots=True)
class Tally:
    """
    What a counter says of one attempt.

    Args:
        limit: what was applied; less than was asked for where each process has a share of it.
        made: the attempts counted so far.
        open_at: from when on the next one is let in; the moment of this one, if at once.
        is_counted: whether this one was let in, and is among them.

    """

    limit: Limit
    made: int
    open_at: datetime
    is_counted: bool


Wanted = Sequence[tuple[str, Limit]]
"""Keys of counters, and the limit of each."""


async def in_order(count: Callable[[str, Limit], Awaitable[Tally]], wanted: Wanted) -> list[Tally]:
    """Call *count* for each in turn, up to the first that is refused. Returns: what it returned."""
    tallies: list[Tally] = []
    for key, limit in wanted:
        tallies.append(await count(key, limit))
        if not tallies[-1].is_counted:
            break
    return tallies


@dataclass(frozen=True, slots=True)
class AddressLimits:
    """What one client address may do, and what its network may."""

    address: Limit
    network: Limit

    @classmethod
    def hourly(cls, name: str, most: int) -> "AddressLimits":
        """Return limits of *most* in an hour, and ten times as many for the network."""
        return cls(
            Limit.window(f"{name}-address", most, HOUR),
            Limit.window(f"{name}-network", most * NETWORK_FACTOR, HOUR),
        )


@dataclass(frozen=True, slots=True)
class ThrottlePolicy:
    """
    All limits of the service.

    Source: NIST SP 800-63B-4 section 3.2.2 (100 failures in a row), OWASP Authentication Cheat Sheet
    (exponential waits), OWASP "Slow Down Online Guessing Attacks with Device Cookies".
    """

    is_on: bool
    sign_ins: AddressLimits
    registrations: AddressLimits
    # The owner can be kept out by somebody who fails on purpose, unless they have a known device or
    # an admin lifts it. So a stop lasts a year and not for ever only for the sake of addresses that
    # nobody has: their counters must go one day, and who has an account must not be told apart.
    account: Limit = Limit(
        "account",
        free=5,
        stop=100,
        memory=timedelta(days=30),
        first_wait=timedelta(seconds=1),
        longest_wait=timedelta(minutes=15),
        memory_at_stop=timedelta(days=365),
    )
    # Used up, the device is as unknown as any other for as long as its cookie could live.
    device: Limit = Limit(
        "device",
        free=5,
        stop=10,
        memory=timedelta(days=30),
        first_wait=timedelta(seconds=1),
        longest_wait=timedelta(minutes=15),
        memory_at_stop=DEVICE_LIFETIME,
    )


def address_and_network(ip: str | None) -> tuple[str, str]:
    """
    Return what counts as one address, and the network around it: IPv4 /32 and /24, IPv6 /64 and /48.

    A peer without an address is like all others.
    """
    return network_of(ip, ONE_CLIENT) or "unknown", network_of(ip) or "unknown"
