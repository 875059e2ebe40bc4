"""Tables and anchors in Markdown."""

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; an empty cell is a dash."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(_row(cells) for cells in lines)


def code(text: str) -> str:
    """Return *text* as code."""
    return f"`{text}`"


def codes(texts: Iterable[str]) -> str:
    """Return *texts* as code, in the order of the alphabet."""
    return ", ".join(code(text) for text in sorted(texts))


def slug(heading: str) -> str:
    """Return the anchor that GitHub and the site make of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _row(cells: Sequence[str]) -> str:
    if all(cell == "---" for cell in cells):
        return "|" + "|".join(cells) + "|"
    return "| " + " | ".join(cell or "-" for cell in cells) + " |"
