"""
How often passwords and registrations may be tried: what counts an attempt, and what takes it back.

An attempt is counted before it is known to be wrong, so that a hundred at once are a hundred. What
turns out right is taken back. All of it is the same for accounts that exist and that do not.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime

from keystead.domain.errors import Throttled
from keystead.domain.events import Event, EventName, Severity
from keystead.domain.throttle import AddressLimits, Limit, Tally, address_and_network
from keystead.domain.user import EmailAddress, UserId
from keystead.flows.note import note
from keystead.flows.tools import Tools

Subjects = Sequence[tuple[Limit, str]]
"""What is counted: whose attempts, and how many a limit lets in."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    One guess, as it was counted: against an account or a known device, and against addresses.

    Args:
        tally: None where nothing is counted.

    """

    key: str
    tally: Tally | None
    address_keys: tuple[str, ...] = ()
    is_known: bool = False


async def count_address(tools: Tools, limits: AddressLimits, now: datetime) -> None:
    """
    Count an attempt of the client's address and of its network.

    Raises: Throttled.
    """
    await _count(tools, _of_the_client(tools, limits), now)


async def unlock(tools: Tools, email: EmailAddress) -> None:
    """Forget the failed sign-ins of an account; nobody has to wait any more because of them."""
    await tools.store.forget_attempts(_account_key(tools, email))


async def count_guess(
    tools: Tools, email: EmailAddress, owner: UserId | None, now: datetime
) -> Attempt:
    """
    Count a guess at the password of *email*, against a known device, else against all there is.

    Args:   owner: whose address it is, if anybody's.
    Raises: Throttled.
    """
    policy = tools.throttle_policy
    device = _known_device(tools, owner, now)
    if not policy.is_on:
        return Attempt(_account_key(tools, email), None, is_known=device is not None)
    if device is not None:
        key = tools.counter_key(policy.device.name, f"{device} {owner}")
        tally = await tools.store.count_attempt(key, policy.device, now)
        if tally.is_counted:
            return Attempt(key, tally, is_known=True)
        if tally.made < policy.device.stop:
            raise _throttled(tally, now)
        # Used up: whoever holds this device is as unknown as anybody.
    subjects = [*_of_the_client(tools, policy.sign_ins), (policy.account, email)]
    keys, tally = await _count(tools, subjects, now)
    return Attempt(keys[-1], tally, keys[:-1])


async def forgive(tools: Tools, attempt: Attempt, now: datetime) -> None:
    """Take back what was no wrong guess, with all wrong ones before it."""
    if attempt.tally is not None:
        forgotten = tools.store.forget_attempts(attempt.key)
        await asyncio.gather(forgotten, *_freed_addresses(tools, attempt, now))


async def take_back(tools: Tools, attempt: Attempt, now: datetime) -> None:
    """Take back an attempt of which nobody knows whether it was right."""
    if attempt.tally is not None:
        taken_back = tools.store.take_attempt_back(attempt.key, now)
        await asyncio.gather(taken_back, *_freed_addresses(tools, attempt, now))


async def tell_of_limit(
    tools: Tools, attempt: Attempt, subject: UserId | None, now: datetime
) -> None:
    """Say once, when it begins, that a wrong guess has used up what is let in at once, or at all."""
    if attempt.tally is None:
        return
    limit, made = attempt.tally.limit, attempt.tally.made
    if made == limit.stop:
        name, severity = EventName.LOGIN_STOPPED, Severity.CRITICAL
    elif made == limit.free:
        name, severity = EventName.LOGIN_LOCKED, Severity.WARNING
    else:
        return
    await note(tools, Event(name, severity, subject=subject, detail=limit.name), now)


async def _count(tools: Tools, subjects: Subjects, now: datetime) -> tuple[tuple[str, ...], Tally]:
    """Count an attempt of each in turn. Returns: their keys, and the last tally. Raises: Throttled."""
    # In turn: an address that is stopped uses up nothing of its network's or of an account's.
    wanted = [(tools.counter_key(limit.name, subject), limit) for limit, subject in subjects]
    tallies = await tools.counts.count_attempts(wanted, now)
    for (limit, subject), tally in zip(subjects, tallies, strict=False):
        if limit.is_window and tally.is_counted and tally.made == tally.limit.stop:
            detail = f"{limit.name} {subject}"
            await note(tools, Event(EventName.RATE_EXCEEDED, Severity.WARNING, detail=detail), now)
    if not tallies[-1].is_counted:
        raise _throttled(tallies[-1], now)
    return tuple(key for key, _ in wanted), tallies[-1]


def _of_the_client(tools: Tools, limits: AddressLimits) -> list[tuple[Limit, str]]:
    address, network = address_and_network(tools.origin.ip)
    return [(limits.address, address), (limits.network, network)]


def _freed_addresses(
    tools: Tools, attempt: Attempt, now: datetime
) -> list[Coroutine[None, None, None]]:
    return [tools.counts.take_attempt_back(key, now) for key in attempt.address_keys]


def _account_key(tools: Tools, email: EmailAddress) -> str:
    return tools.counter_key(tools.throttle_policy.account.name, email)


def _known_device(tools: Tools, owner: UserId | None, now: datetime) -> str | None:
    # Of two, somebody planted one: neither counts.
    tokens = tools.origin.device_tokens
    if len(tokens) != 1:
        return None
    return tools.device_tokens.find_device(tokens[0], owner, now)


def _throttled(tally: Tally, now: datetime) -> Throttled:
    quota, window = tally.limit.quota_after(tally.made)
    return Throttled(tally.limit.name, quota, window, tally.open_at - now)
