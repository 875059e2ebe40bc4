"""What writes: renewing a session, signing in, signing up. By Keystead and its peers, in turn."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

from bench.load.http import CONNECTIONS, Source
from bench.load.raw import drive
from bench.load.sources import JsonRefreshes, Refreshes, SignUps, sessions_of, shared_out
from bench.peers.entrant import Entrant, Filled
from bench.peers.hashes import read_hash
from bench.plan import Plan
from bench.rounds import Contender, Figure, Target, in_turn, ratio
from bench.servers import COOKIE
from bench.turns import Turn, rates, watched

CONCURRENCY = 4
"""Of those who sign in or up at once: a turn ends when the last of them is done."""

TO_BEST = Target(">=", 5)
TO_BEST_HASH = Target(">=", 1)
"""Of those that hash at least as OWASP asks: nearly all of the time is the hash's."""

RENEWING = {"Better Auth": "renew-always"}
"""The mode in which a peer's session check renews the session each time."""

UNITS = {"refresh": "requests/s", "login": "logins/s", "sign-up": "sign-ups/s"}

REMARKS = [
    "refresh: Keystead and django-allauth rotate a refresh token",
    "refresh: Better Auth has none, and writes a new expiry for the same token (updateAge: 0)",
    "refresh: FastAPI Users n/a, it has neither",
    "sign-up: Better Auth and django-allauth open a session with it, Keystead and FastAPI Users not",
]


Everybody = dict[str, Filled]
"""What is in the database of each, by its name."""


def refreshes(
    plan: Plan, entrants: Sequence[Entrant], filled: Everybody, sessions: int
) -> list[Figure]:
    """Compare what prolongs a session, of those that have something for it."""
    able = [each for each in entrants if each.refresh_path or each.name in RENEWING]
    sources = {each.name: _chains(each, filled[each.name]) for each in able}
    keystead, *peers = _in_turn(plan, able, sources, "refresh", sessions)
    if not peers:
        return [keystead]
    best = max(peers, key=lambda figure: figure.median)
    name = f"{keystead.name} / best peer ({_who(best)})"
    return [keystead, *peers, ratio(name, keystead, best, TO_BEST)]


def _chains(entrant: Entrant, filled: Filled) -> list[Source]:
    numbers = range(CONNECTIONS)
    tokens = filled.refresh_tokens
    if entrant.name in RENEWING:
        return sessions_of(entrant.session_path, filled.headers)
    if entrant.name == "Keystead":
        return [Refreshes(tokens[number::CONNECTIONS], COOKIE) for number in numbers]
    return [JsonRefreshes(tokens[number::CONNECTIONS], entrant.refresh_path) for number in numbers]


def hashes_alone(plan: Plan, entrants: Sequence[Entrant], filled: Everybody) -> list[Figure]:
    """Show what each one's hash reaches alone."""
    found = []
    for entrant in entrants:
        text = filled[entrant.name].password_hash
        folder = plan.folder_of_peer(entrant.name, plan.sessions[0])
        rate = entrant.hashes_per_second(folder, plan.seconds, plan.cores, text)
        found.append(Figure(f"hash alone: {entrant.name}, {read_hash(text)}", [rate], "hashes/s"))
    return found


def sign_ins(
    plan: Plan, entrants: Sequence[Entrant], filled: Everybody, sessions: int
) -> list[Figure]:
    """Compare signing in."""
    sources = {each.name: _sign_ins(each, filled[each.name]) for each in entrants}
    figures = _in_turn(plan, entrants, sources, "login", sessions)
    return [*figures, *_hash_ratios(figures, filled)]


def _sign_ins(entrant: Entrant, filled: Filled) -> list[Source]:
    asked = [entrant.sign_in(email, filled.password) for email in filled.emails]
    return shared_out(asked, CONCURRENCY)


def sign_ups(
    plan: Plan, entrants: Sequence[Entrant], filled: Everybody, sessions: int
) -> list[Figure]:
    """Compare signing up."""
    sources: dict[str, list[Source]] = {
        each.name: [
            SignUps(each.sign_up, f"newcomer-{number}", filled[each.name].password)
            for number in range(CONCURRENCY)
        ]
        for each in entrants
    }
    figures = _in_turn(plan, entrants, sources, "sign-up", sessions)
    return [*figures, *_hash_ratios(figures, filled)]


def _hash_ratios(figures: list[Figure], filled: Everybody) -> list[Figure]:
    keystead, *peers = figures
    return [
        ratio(
            f"{keystead.name} / {_who(peer)}", keystead, peer,
            TO_BEST_HASH if read_hash(filled[_who(peer)].password_hash).is_enough else None,
        )
        for peer in peers
    ]  # fmt: skip


def _in_turn(
    plan: Plan,
    entrants: Sequence[Entrant],
    sources: dict[str, list[Source]],
    verb: str,
    sessions: int,
) -> list[Figure]:
    with ExitStack() as stack:
        contenders = []
        for entrant in entrants:
            folder = plan.folder_of_peer(entrant.name, sessions)
            mode = RENEWING.get(entrant.name, "default") if verb == "refresh" else "default"
            server = stack.enter_context(entrant.serving(folder, plan.cores, mode))
            load = partial(drive, server.port, sources[entrant.name], plan.seconds)
            if verb == "refresh":
                drive(server.port, sources[entrant.name], entrant.warm_up_seconds)
            turn: Callable[[], Turn] = partial(watched, server, load)
            contenders.append(Contender(entrant.name, turn))
        turns = in_turn(contenders, plan.rounds, are_warm=verb == "refresh")
    return [
        rates(f"{verb}: {contender.name}, {sessions:,} sessions", own, UNITS[verb])
        for contender, own in zip(contenders, turns, strict=True)
    ]


def _who(figure: Figure) -> str:
    return figure.name.partition(": ")[2].partition(", ")[0]
