"""Keystead beside other projects: the same requests, the same user, the same kind of database."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

from bench.load.http import CONNECTIONS
from bench.load.raw import drive
from bench.load.sources import sessions_of
from bench.measurements import peer_starts, peer_verbs
from bench.measurements.profile import load_of
from bench.peers.entrant import Entrant, Filled
from bench.peers.hashes import read_hash
from bench.peers.known import PEERS, keystead
from bench.plan import TOKENS, Plan
from bench.processes import BenchFailed
from bench.rounds import Contender, Figure, Result, Target, in_turn, ratio
from bench.servers import BARE, serving
from bench.turns import Turn, busy, cost_ratio, rates, watched

TO_BEST = Target(">=", 5)

SQLITE = "each on SQLite, WAL, synchronous=FULL"

MODES = {
    "joins": "one query for session and user; experimental",
    "cookie-cache": "no database: what was revoked is served until the cookie is too old",
}
"""Better Auth's, beside its default. The first keeps the promise, the second does not."""


def measure(plan: Plan) -> Result:
    """Compare everything that more than one of them has."""
    entrants, notes = taking_part()
    filled = _fill_all(plan, entrants)
    everybody = by_size(plan, entrants, filled)
    fewest = everybody[plan.sessions[0]]
    return Result(
        "peers",
        f"Keystead beside other projects, {TOKENS:,} sessions in turn, {CONNECTIONS} connections",
        [
            *session_checks(plan, entrants, filled),
            *peer_verbs.hashes_alone(plan, entrants, fewest),
            *(
                figure
                for compare in (peer_verbs.refreshes, peer_verbs.sign_ins, peer_verbs.sign_ups)
                for sessions, each in everybody.items()
                for figure in compare(plan, entrants, each, sessions)
            ),
            *peer_starts.starts_and_memory(plan, entrants, everybody),
        ],
        [*notes, SQLITE, *explained(plan, entrants, fewest)],
    )


def taking_part() -> tuple[list[Entrant], list[str]]:
    """
    Return Keystead and its peers that are installed, and why the others are not here.

    Raises: BenchFailed: there are none.
    """
    peers = [peer() for peer in PEERS]
    notes = [peer.missing for peer in peers if peer.missing]
    entrants = [keystead(), *(peer for peer in peers if not peer.missing)]
    if len(entrants) == 1:
        raise BenchFailed("\n".join(notes))
    for note in notes:
        print(note, flush=True)
    return entrants, notes


def by_size(
    plan: Plan, entrants: Sequence[Entrant], filled: dict[tuple[str, int], Filled]
) -> dict[int, dict[str, Filled]]:
    """Return what is in the database of each, by its name, for each number of sessions."""
    return {
        sessions: {entrant.name: filled[entrant.name, sessions] for entrant in entrants}
        for sessions in plan.sessions
    }


def _fill_all(plan: Plan, entrants: Sequence[Entrant]) -> dict[tuple[str, int], Filled]:
    """Fill the database of each with each number of sessions; nothing is measured, so by every core."""
    wanted = [(entrant, sessions) for sessions in reversed(plan.sessions) for entrant in entrants]
    with plan.cores.of_both(), ThreadPoolExecutor(os.cpu_count()) as pool:
        filling = [pool.submit(_fill, plan, *each) for each in wanted]
        try:
            return {
                (entrant.name, sessions): each.result()
                for (entrant, sessions), each in zip(wanted, filling, strict=True)
            }
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _fill(plan: Plan, entrant: Entrant, sessions: int) -> Filled:
    print(f"filling {entrant.name}'s database with {sessions:,} sessions ...", flush=True)
    return entrant.fill(plan.folder_of_peer(entrant.name, sessions), sessions, TOKENS)


def session_checks(
    plan: Plan, entrants: Sequence[Entrant], filled: dict[tuple[str, int], Filled]
) -> list[Figure]:
    """Compare finding out who is asking, in databases of every size."""
    with ExitStack() as stack:
        bare = stack.enter_context(serving(BARE, plan.folder / "bare", plan.cores))
        bare_load = load_of(plan, bare.port, plan.folder, ["Accept: */*"])
        contenders = [Contender("bare", partial(watched, bare, bare_load))]
        for sessions in plan.sessions:
            for entrant in entrants:
                contenders += [
                    _checks(plan, stack, entrant, mode, filled[entrant.name, sessions], sessions)
                    for mode in _modes(entrant, is_first=sessions == plan.sessions[0])
                ]
        turns = in_turn(contenders, plan.rounds)
    named = {contender.name: own for contender, own in zip(contenders, turns, strict=True)}
    figures = [rates(f"session check: {name}", own) for name, own in named.items()]
    for name, own in named.items():
        figures += busy(f"session check: {name}", own)
    peers = [entrant.name for entrant in entrants[1:]]
    for sessions in plan.sessions:
        figures += _against_the_best(peers, sessions, named)
    return figures


def _modes(entrant: Entrant, *, is_first: bool) -> list[str]:
    if entrant.name == "Better Auth" and is_first:
        return ["default", *MODES]
    if entrant.name == "Keystead" and is_first:
        return ["default", "verify"]
    return ["default"]


def _checks(  # noqa: PLR0913, PLR0917 - one line of the list above.
    plan: Plan, stack: ExitStack, entrant: Entrant, mode: str, filled: Filled, sessions: int
) -> Contender[Turn]:
    folder = plan.folder_of_peer(entrant.name, sessions)
    server = stack.enter_context(entrant.serving(folder, plan.cores, mode))
    headers = filled.cached_headers if mode == "cookie-cache" else filled.headers
    path = "/auth/verify" if mode == "verify" else entrant.session_path
    drive(server.port, sessions_of(path, headers), entrant.warm_up_seconds)
    name = _name(entrant.name, mode, sessions)
    load = load_of(plan, server.port, folder, headers, path)
    return Contender(name, partial(watched, server, load))


def _name(entrant: str, mode: str, sessions: int) -> str:
    said = {"default": "", "verify": ", /auth/verify"}.get(mode, f", {mode}")
    return f"{entrant}{said}, {sessions:,} sessions"


def _against_the_best(
    peers: Sequence[str], sessions: int, turns: dict[str, list[Turn]]
) -> list[Figure]:
    kept = [_name(peer, mode, sessions) for peer in peers for mode in ("default", "joins")]
    best = max(
        (name for name in kept if name in turns), key=lambda name: rates("", turns[name]).median
    )
    found = []
    for mode, what in (("default", "session check"), ("verify", "forward check")):
        own = _name("Keystead", mode, sessions)
        if own in turns:
            text = f"{what}: {own} / best peer ({best})"
            found.append(ratio(text, rates("", turns[own]), rates("", turns[best]), TO_BEST))
            found += cost_ratio(text, turns[own], turns[best])
    return found


def explained(plan: Plan, entrants: Sequence[Entrant], filled: dict[str, Filled]) -> list[str]:
    """Say what a reader of the figures must know."""
    hashes = {entrant.name: read_hash(filled[entrant.name].password_hash) for entrant in entrants}
    return [
        *(
            f"{entrant.name}: {entrant.settings}; {hashes[entrant.name]}"
            f"{'' if hashes[entrant.name].is_enough else ', less than OWASP asks for'}"
            for entrant in entrants
        ),
        *(f"Better Auth, {mode}: {what}" for mode, what in MODES.items()),
        "forward check: peers have no request of their own for it, hence the same one",
        *peer_verbs.REMARKS,
        f"sessions checked by {'wrk' if plan.wrk else 'our own generator'}, the rest by our own",
    ]
