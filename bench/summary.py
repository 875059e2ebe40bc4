"""A run as the README shows it, in Markdown: Keystead beside its peers, and beside its limits."""

from collections.abc import Iterator, Sequence

from bench.report import Run, number
from bench.rounds import Figure

KEYSTEAD = "Keystead"
ALIKE = "bare, process set up alike"
LIMITS = {
    "verify": ("`GET /auth/verify`", ("bare", ALIKE)),
    "profile": ("`GET /profile`", ("bare", ALIKE)),
    "refresh": ("`POST /auth/refresh`", ("bare", "signature and commit alone")),
    "login": ("`POST /auth/login`", ("Argon2 alone",)),
}
"""For each measurement what it asks for, and what its figures are divided by."""

SAID = {"bare": "a bare ASGI function", ALIKE: "the same, in a process set up as Keystead's"}
"""How the README calls those."""

NOTHING = "-"

SAID_APART = ("date", "processor", "pinned", "system", "duration")
"""Of what is known of the machine, what is no version."""


def summary(run: Run, picture: str | None) -> str:
    """Write it down. *picture* is where that is, as a link from the text."""
    parts = [
        f"![Bars: what Keystead and others do a second]({picture})" if picture else "",
        "\n".join(_beside_peers(run)),
        "\n".join(_beside_limits(run)),
        _where(run),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _beside_peers(run: Run) -> Iterator[str]:
    """Have a row for each verb and size, a column for each project."""
    started = [each.name.removeprefix("start: ") for each in run.beginning("peers", "start: ")]
    who = list(dict.fromkeys(name.partition(", ")[0] for name in started))
    if not who:
        return
    yield _row(["", *who, "Keystead / best peer"])
    yield _row(["---", *("--:" for _ in who), "--:"])
    for size in run.options["peers"]["sessions"]:
        text = f", {size:,} sessions"
        cells = [_cell(run.find("peers", f"session check: {name}{text}")) for name in who]
        best = run.beginning("peers", f"session check: {KEYSTEAD}{text} / best")[:1]
        yield _row([f"session check{text} stored", *cells, _ratios(best)])
    yield from _forward_check(run, who)
    for verb in ("refresh", "login", "sign-up"):
        yield _written(run, who, verb)
    for verb in ("hash alone", "start", "memory idle", "memory after load"):
        yield _row([verb, *(_cell(_of(run, f"{verb}: {name}")) for name in who), ""])


def _written(run: Run, who: Sequence[str], verb: str) -> str:
    # With the most sessions, and the least ratio of all sizes; the report has them all.
    text = f", {run.options['peers']['sessions'][-1]:,} sessions"
    cells = [_cell(run.find("peers", f"{verb}: {name}{text}")) for name in who]
    ratios = run.beginning("peers", f"{verb}: {KEYSTEAD}, ")
    return _row([f"{verb}{text} stored", *cells, _ratios([each for each in ratios if each.target])])


def _forward_check(run: Run, who: Sequence[str]) -> Iterator[str]:
    asked = f"session check: {KEYSTEAD}, /auth/verify, "
    for each in run.done_a_second("peers", asked):
        size = each.name.removeprefix(asked)
        best = run.beginning("peers", f"forward check: {KEYSTEAD}, /auth/verify, {size} / best")[:1]
        label = f"`/auth/verify`, {size} stored"
        yield _row([label, _cell(each), *(NOTHING for _ in who[1:]), _ratios(best)])


def _of(run: Run, name: str) -> Figure | None:
    """Find a figure by its name, or by what comes before the comma in it."""
    return run.find("peers", name) or next(iter(run.beginning("peers", f"{name}, ")), None)


def _beside_limits(run: Run) -> Iterator[str]:
    """Have a row for each measurement, a column for each size of the table."""
    measured = [name for name in LIMITS if run.beginning(name, LIMITS[name][1][0])]
    if not measured:
        return
    names = [f"{size:,} sessions" for size in run.options[measured[0]]["sessions"]]
    yield _row(["", *(f"{name} stored" for name in names), "target", "most / fewest", "target"])
    yield _row(["---", *("--:" for _ in names), "---", "--:", "---"])
    for measurement in measured:
        asked, limits = LIMITS[measurement]
        growth = run.find(measurement, f"{names[-1]} / {names[0]}")
        grown = [_with_spread(growth), _target([growth])]
        for limit in limits:
            of_limit = [run.find(measurement, f"{name} / {limit}") for name in names]
            label = f"{asked}, of {SAID.get(limit, limit)}"
            yield _row([label, *map(_with_spread, of_limit), _target(of_limit), *grown])
            grown = ["", ""]
    yield from _waits(run)
    yield from _start_and_memory(run)


def _start_and_memory(run: Run) -> Iterator[str]:
    for name, label in (
        ("existing database", "start, until the first answer"),
        ("memory idle, PSS", "memory when idle (PSS)"),
    ):
        found = run.find("start", name)
        if found:
            yield _row([label, NOTHING, _with_spread(found), _target([found]), "", ""])


def _waits(run: Run) -> Iterator[str]:
    found = [each for each in run.beginning("login", "GET ") if each.name.endswith(", p99")]
    if found:
        asked = found[0].name.split()[1]
        label = f"`GET {asked}` during a flood of sign-ins, 99th percentile"
        yield _row([label, *map(_cell, found), _target(found), "", ""])


def _where(run: Run) -> str:
    machine = run.machine
    listed = ", ".join(f"{name} {text}" for name, text in machine.items() if name not in SAID_APART)
    names: dict[str, list[str]] = {}
    for name, chosen in run.options.items():
        text = f"{chosen['rounds']} rounds of {chosen['seconds']} s"
        names.setdefault(text, []).append(name)
    turns = "; ".join(f"{', '.join(each)}: {text}" for text, each in names.items())
    return (
        f"Medians of one run, {machine['date']}: {machine['processor']}, {machine['pinned']}; "
        f"{machine['system']}; {listed}. {turns}. Beside the best peer, a login and a sign-up stand for "
        "those whose hash is as strong as OWASP asks for."
    )


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return NOTHING
    text = f"{number(figure.median, figure.unit)}{_unit(figure)}"
    return f"**{text}, missed**" if figure.is_met is False else text


def _with_spread(figure: Figure | None) -> str:
    """Show the median, and in brackets the lowest and the highest round."""
    if figure is None or len(figure.values) == 1:
        return _cell(figure)
    low, high = (number(each, figure.unit) for each in (min(figure.values), max(figure.values)))
    return f"{_cell(figure)} ({low} to {high})"


def _unit(figure: Figure) -> str:
    return {"ratio": "", "s": " s", "MiB": " MiB", "ms": " ms"}.get(figure.unit, "/s")


def _ratios(figures: Sequence[Figure]) -> str:
    """Show the least of them, and what it should be."""
    if not figures:
        return ""
    least = min(figures, key=lambda figure: figure.median)
    text = f"{least.median:.1f} ({least.target})"
    return f"**{text}, missed**" if least.is_met is False else text


def _target(figures: Sequence[Figure | None]) -> str:
    found = next((each for each in figures if each and each.target), None)
    return f"{found.target}{_unit(found)}" if found else ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
