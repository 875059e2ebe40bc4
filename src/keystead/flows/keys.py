"""Replace the keys of an installation while everything runs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from keystead.domain.events import Event, EventName, Severity
from keystead.domain.keys import (
    LONGEST_LEAD,
    SHORTEST_LEAD,
    KeyCabinet,
    KeyLine,
    KeyRefused,
    KeyState,
    KeyUse,
)
from keystead.domain.tokens import CLOCK_SKEW
from keystead.flows.note import note
from keystead.flows.tools import Tools


@dataclass(frozen=True, slots=True)
class Retirement:
    """Which key is to be used no more; *at_once*: although what it made is still about."""

    use: KeyUse
    key_id: str
    at_once: bool = False


async def rotate_key(
    tools: Tools, cabinet: KeyCabinet, use: KeyUse, lead: timedelta, now: datetime
) -> KeyLine:
    """
    Make the successor of the active key, which makes from *lead* after *now* on.

    Nothing that was made before is refused: the old key verifies until it is retired.

    Raises: KeyRefused: one waits already, or *lead* is shorter than all processes need to learn of it.
    Source: OWASP ASVS 11.2.2, 13.3.4.
    """
    if not SHORTEST_LEAD <= lead <= LONGEST_LEAD:
        raise KeyRefused("a key can begin in 5s at the earliest, and in 30d at the latest")
    made = cabinet.add_key(use, now + lead, now)
    await _tell(tools, EventName.KEY_ADDED, use, made.id, now)
    return made


async def retire_key(tools: Tools, cabinet: KeyCabinet, wanted: Retirement, now: datetime) -> None:
    """
    Use a key no more: what it made is refused from then on.

    Raises: KeyRefused: there is none, it is the active one, or what it made is still about. The last
            of these does not hold at once: its owners sign in again.
    """
    use, key_id = wanted.use, wanted.key_id
    line = next(
        (each for each in cabinet.list_keys(now) if (each.use, each.id) == (use, key_id)), None
    )
    if line is None:
        raise KeyRefused(
            f"there is no {use} key {key_id}; `keystead keys list` has those there are"
        )
    if line.state is KeyState.ACTIVE:
        raise KeyRefused(f"this is the active {use} key: rotate first, and retire it afterwards")
    if line.until is not None and not wanted.at_once:
        await _refuse_while_needed(tools, line, line.until, now)
    cabinet.remove_key(use, key_id)
    await _tell(tools, EventName.KEY_RETIRED, use, key_id, now)


async def _refuse_while_needed(tools: Tools, line: KeyLine, until: datetime, now: datetime) -> None:
    if line.use is KeyUse.PEPPER:
        left = await tools.store.count_hashes(int(line.id))
        if left:
            raise KeyRefused(
                f"{left} accounts have not signed in since the rotation: with this pepper gone "
                "their passwords are wrong. `--at-once` retires it all the same"
            )
        return
    longest = {
        KeyUse.SIGNING: tools.access_token_lifetime + CLOCK_SKEW,
        KeyUse.REFRESH: tools.session_policy.idle,
    }[line.use]
    if now < until + longest:
        raise KeyRefused(
            f"tokens that it made are good until {until + longest:%Y-%m-%d %H:%M:%S} UTC: retire it "
            "then. `--at-once` refuses them from now on"
        )


async def _tell(tools: Tools, name: EventName, use: KeyUse, key_id: str, now: datetime) -> None:
    await note(tools, Event(name, Severity.WARNING, detail=f"{use} {key_id}"), now)
