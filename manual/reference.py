"""
Tables between two comments of a document, made anew from the program: `python -m manual.reference`.

::

    <!-- reference: KIND WORDS -->
    ... what is made: never edited by hand ...
    <!-- reference: end -->

*KIND* says what is made, the *words* of what.
"""

import re
from collections.abc import Callable
from pathlib import Path

from manual.codes import table_of_codes
from manual.commands import all_commands
from manual.routes import table_of_routes
from manual.settings import table_of_settings

ROOT = Path(__file__).parents[1]

PAGES = [ROOT / "docs" / name for name in ("settings.md", "errors.md", "routes.md", "cli.md")]

MAKERS: dict[str, Callable[[list[str]], str]] = {
    "settings": table_of_settings,
    "codes": lambda _: table_of_codes(),
    "routes": lambda _: table_of_routes(),
    "commands": lambda _: all_commands(),
}

PART = re.compile(
    r"(<!-- reference: (?!end)(?P<kind>[a-z-]+)(?P<words>[^>]*)-->\n).*?(<!-- reference: end -->)",
    re.DOTALL,
)


def renewed(text: str) -> str:
    """Return a document with what stands between its markers made anew."""
    return PART.sub(
        lambda part: f"{part[1]}\n{MAKERS[part['kind']](part['words'].split())}\n\n{part[4]}", text
    )


def main() -> None:
    """Write every page anew that has such tables."""
    for page in PAGES:
        before = page.read_text()
        after = renewed(before)
        if after != before:
            page.write_text(after)
            print(f"written: {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
