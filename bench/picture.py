"""
A picture of a run: plain bars, drawn as SVG, light or dark as whoever looks at it has it.

What is drawn is text and rectangles, 800 units wide. With peers in the run it shows them beside
Keystead; without them, Keystead beside the bare function.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from bench.report import Run, number
from bench.rounds import Figure

WIDTH = 800
LABEL_WIDTH, VALUE_WIDTH = 190, 90
BAR_WIDTH = WIDTH - LABEL_WIDTH - VALUE_WIDTH
BAR_HEIGHT, STEP, TITLE_HEIGHT, GAP, MARGIN = 16, 22, 30, 14, 12

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 }
.label { text-anchor: end }
.background { fill: #ffffff }
.ours { fill: #0969da }
.other { fill: #8c959f }
.limit { fill: #d0d7de }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.background { fill: #0d1117 }
.ours { fill: #4493f8 }
.other { fill: #7d8590 }
.limit { fill: #3d444d }
}
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a panel."""

    label: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars of one unit under a heading."""

    title: str
    bars: list[Bar]


def picture(run: Run) -> str | None:
    """Draw what was done a second. Returns: a document of SVG, or None if nothing can be drawn."""
    panels = list(_beside_peers(run)) or list(_beside_bare(run))
    if not panels:
        return None
    top = MARGIN
    drawn: list[str] = []
    for panel in panels:
        drawn += _panel(panel, top)
        top += TITLE_HEIGHT + STEP * len(panel.bars) + GAP
    title = f"Keystead's benchmark, {run.machine['date']}, {run.machine['processor']}"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="background" width="{WIDTH}" height="{top}"/>',
        *drawn,
        "</svg>\n",
    ])  # fmt: skip


def _beside_peers(run: Run) -> Iterator[Panel]:
    for verb, title in (
        ("session check", "Session checks a second"),
        ("refresh", "Refreshes a second"),
        ("login", "Sign-ins a second: nearly all hash, and each hashes in its own way"),
        ("sign-up", "Sign-ups a second: likewise"),
    ):
        found = run.done_a_second("peers", f"{verb}: ")
        size = next((part for each in found if (part := _size_of(each.name))), "")
        bars = [
            Bar(each.name.removeprefix(f"{verb}: ").removesuffix(f", {size}"), each)
            for each in found
            if _size_of(each.name) in {size, ""}
        ]
        if bars:
            yield Panel(f"{title} ({size} stored)" if size else title, bars)


def _beside_bare(run: Run) -> Iterator[Panel]:
    for name in ("verify", "profile", "refresh"):
        found = run.done_a_second(name, "")
        if found:
            yield Panel(f"{run.title_of(name)}, a second", [Bar(each.name, each) for each in found])


def _size_of(name: str) -> str:
    last = name.rpartition(", ")[2]
    return last if last.endswith(" sessions") else ""


def _panel(panel: Panel, top: int) -> Iterator[str]:
    most = max(bar.figure.median for bar in panel.bars)
    yield f'<text class="title" x="{MARGIN}" y="{top + 18}">{escape(panel.title)}</text>'
    for line, bar in enumerate(panel.bars):
        y = top + TITLE_HEIGHT + STEP * line
        value = bar.figure.median
        length = max(1, round(BAR_WIDTH * value / most))
        text_y = y + BAR_HEIGHT - 3
        yield f'<text class="label" x="{LABEL_WIDTH - 8}" y="{text_y}">{escape(bar.label)}</text>'
        yield (
            f'<rect class="{_kind(bar, panel.bars)}" x="{LABEL_WIDTH}" y="{y}" '
            f'width="{length}" height="{BAR_HEIGHT}"/>'
        )
        yield (
            f'<text x="{LABEL_WIDTH + length + 6}" y="{text_y}">'
            f"{number(value, bar.figure.unit)}</text>"
        )


def _kind(bar: Bar, among: Sequence[Bar]) -> str:
    if bar.label.startswith("bare"):
        return "limit"
    has_peers = any(each.label.startswith("Keystead") for each in among)
    return "ours" if bar.label.startswith("Keystead") or not has_peers else "other"
