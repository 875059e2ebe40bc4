"""Reads Markdown as far as the tests of the documents need it."""

import os
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]

FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
PICTURE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")
OF_OTHERS = {"static", "node_modules", "build", "dist", "results"}


@dataclass(frozen=True)
class Block:
    """What stands between two fences; *info* is what follows the first."""

    info: str
    text: str


def read(name: str) -> str:
    return (ROOT / name).read_text()


def documents() -> list[Path]:
    """Every Markdown file of this repository but those of others, and what a benchmark left."""
    found: list[Path] = []
    for folder, below, files in os.walk(ROOT):
        below[:] = [name for name in below if name not in OF_OTHERS and not name.startswith(".")]
        found += [Path(folder) / name for name in files if name.endswith(".md")]
    return sorted(found)


def blocks(text: str) -> list[Block]:
    return [Block(found["info"].strip(), found["text"]) for found in FENCE.finditer(text)]


def prose(text: str) -> str:
    """The text without its fenced blocks."""
    return FENCE.sub("", text)


def section(text: str, heading: str) -> str:
    """What stands below *heading*, up to the next one of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    start = text.index(f"\n{heading}\n") + 1
    end = re.compile(rf"^#{{1,{level}}} ", re.MULTILINE).search(text, start + len(heading))
    return text[start : end.start() if end else len(text)]


def headings(text: str) -> list[str]:
    return [line for line in prose(text).splitlines() if re.match(r"#{1,6} ", line)]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub and others make of headings."""
    titles = [heading.lstrip("#").strip().lower() for heading in headings(text)]
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def rows(text: str) -> list[list[str]]:
    """The cells of every row of every table, without heads and rules."""
    found: list[list[str]] = []
    for above, line in pairwise(["", *prose(text).splitlines()]):
        if not line.startswith("|"):
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        is_rule = all(re.fullmatch(r":?-+:?", cell) for cell in cells)
        if not is_rule and above.startswith("|"):
            found.append(cells)
    return found


def codes(text: str) -> list[str]:
    """What stands between backticks."""
    return CODE_SPAN.findall(text)
