"""
Whether every link of the built site leads somewhere: `python -m manual.look FOLDER`.

Reads what browsers will: pages, headings and files as they are, whatever made them. Also refuses
whatever a page would load from another host.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "link": "href", "source": "src", "iframe": "src"}
"""Elements that fetch something by themselves, and the attribute that says what."""

NOT_FETCHED = {"canonical", "prev", "next", "alternate"}
"""Kinds of `link` that only say something."""

FOREIGN_IN_STYLES = re.compile(r"(?:@import|url\()\s*['\"]?((?:https?:)?//[^'\")]+)")


class Page(HTMLParser):
    """What one page has: ids to jump to, links to follow, and what it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element is or leads to."""
        found = {name: value or "" for name, value in attrs}
        self.ids.add(found.get("id", ""))
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag in LOADED and LOADED[tag] in found and found.get("rel") not in NOT_FETCHED:
            self.loaded.append(found[LOADED[tag]])


def faults_of(site: Path) -> Iterator[str]:
    """Return a line for each link that leads nowhere, and for each thing from another host."""
    site = site.resolve()
    for path in sorted(site.rglob("*.html")):
        page, name = _read(path), path.relative_to(site)
        yield from (
            f"{name}: loads {link} from another host" for link in page.loaded if _is_foreign(link)
        )
        yield from (
            f"{name}: {link} leads nowhere"
            for link in [*page.links, *page.loaded]
            if not _is_foreign(link) and not _leads_somewhere(site, path, link)
        )
    for path in sorted(site.rglob("*.css")):
        for link in FOREIGN_IN_STYLES.findall(path.read_text()):
            yield f"{path.relative_to(site)}: loads {link} from another host"


@cache
def _read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text())
    return page


def _is_foreign(link: str) -> bool:
    parts = urlsplit(link)
    return bool(parts.netloc or parts.scheme)


def _leads_somewhere(site: Path, source: Path, link: str) -> bool:
    parts = urlsplit(link)
    path, anchor = unquote(parts.path), unquote(parts.fragment)
    base = site if path.startswith("/") else source.parent
    target = (base / path.lstrip("/")).resolve() if path else source
    if target.is_dir():
        target /= "index.html"
    if not target.is_file() or not target.is_relative_to(site):
        return False
    return not anchor or target.suffix != ".html" or anchor in _read(target).ids


def main() -> None:
    """Print what is wrong with a site, and exit with 1 if anything is."""
    found = list(faults_of(Path(sys.argv[1])))
    for line in found:
        print(line, file=sys.stderr)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
