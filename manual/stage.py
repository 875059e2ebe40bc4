"""
The documents as the site's builder wants them: `python -m manual.stage FOLDER`.

What is in `docs/` comes into FOLDER/docs, every other file of this repository that a document links to
below FOLDER/docs/repository: documents as they are, other text as a page that shows it, so that the site
needs nothing from anywhere else. Links are turned accordingly. Beside that stands the configuration.
"""

import re
import shutil
import sys
from dataclasses import dataclass, field
from os.path import relpath
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
ELSEWHERE = PurePosixPath("repository")
PAGE = re.compile(r"(?<=\")[^\" ]+\.md(?=\")")
"""A page in the navigation of the configuration."""
CONFIGURATION = Path(__file__).with_name("zensical.toml")
FILES = {
    "style.css": Path(__file__).with_name("style.css"),
    "logo.svg": ROOT / "src/keystead/pages/icon.svg",
}
"""What the configuration names besides pages."""

FENCED = re.compile(r"^( *)```[^\n]*\n.*?^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?\[(?:[^\[\]]|!?\[[^\]]*\](?:\([^)]*\))?)*\]\()([^)\s]+)(\))")
CONTENTS = re.compile(r"^(- \[[^\]]+\]\(#[^)]+\)\n)+\n", re.MULTILINE)
"""A list of what is on the page: the site shows one of its own beside it."""
INFO = re.compile(r"^( *```\w+) .*$", re.MULTILINE)

PICTURES = {".png", ".svg"}
LONGEST_BYTES = 200_000
"""Of a file that is shown: longer ones are data."""


@dataclass
class Stage:
    """
    A folder that is being filled.

    Args:
        folder: where to.
        waiting: files of the repository that something links to, and that are not there yet.

    """

    folder: Path
    waiting: list[Path] = field(default_factory=list)
    placed: set[Path] = field(default_factory=set)

    def fill(self) -> None:
        """Place all documents, and whatever they link to."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.waiting += [path for path in DOCS.rglob("*") if path.is_file()]
        while self.waiting:
            source = self.waiting.pop()
            if source not in self.placed:
                self.placed.add(source)
                self._place(source)

    def _place(self, source: Path) -> None:
        target = self.folder / place_of(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            target.write_text(self._turned(source))
        elif source.is_dir():
            target.write_text(self._listed(source))
        elif target.suffix == ".md":
            target.write_text(shown(source))
        else:
            shutil.copyfile(source, target)

    def _turned(self, source: Path) -> str:
        """Return a document with its links turned; examples in it stay as they are."""
        text, parts, end = CONTENTS.sub("", source.read_text(), count=1), [], 0
        for block in FENCED.finditer(text):
            parts += [self._linked(source, text[end : block.start()]), INFO.sub(r"\1", block[0])]
            end = block.end()
        return "".join([*parts, self._linked(source, text[end:])])

    def _linked(self, source: Path, text: str) -> str:
        def turned(link: re.Match[str]) -> str:
            # A picture that is a link: the inner one first.
            inner = LINK.sub(turned, link[1]) if "](" in link[1] else link[1]
            return f"{inner}{self._target(source, link[2])}{link[3]}"

        return LINK.sub(turned, text)

    def _target(self, source: Path, link: str) -> str:
        path, mark, anchor = link.partition("#")
        if not path or re.match(r"[a-z]+:", link):
            return link
        target = (source.parent / path).resolve()
        if not target.exists() or not target.is_relative_to(ROOT):
            return link  # The builder says that it leads nowhere.
        self.waiting.append(target)
        return f"{relpath(place_of(target), place_of(source).parent)}{mark}{anchor}"

    def _listed(self, folder: Path) -> str:
        """Return a page that lists the files of *folder*, each with a page of its own."""
        files = sorted(path for path in folder.iterdir() if path.is_file() and is_shown(path))
        self.waiting += files
        here = place_of(folder).parent
        lines = [f"- [{path.name}]({relpath(place_of(path), here)})" for path in files]
        return f"# {folder.relative_to(ROOT)}\n\n" + "\n".join(lines) + "\n"


def stage(folder: Path) -> None:
    """Fill a folder with all that the builder reads, whatever was in it before."""
    Stage(folder / "docs").fill()
    for name, source in FILES.items():
        shutil.copyfile(source, folder / "docs" / name)
    (folder / CONFIGURATION.name).write_text(configuration(folder / "docs"))


def configuration(documents: Path) -> str:
    """Return the configuration, with a line of the navigation for each page that is there."""
    lines = []
    for line in CONFIGURATION.read_text().splitlines(keepends=True):
        page = PAGE.search(line)
        found = sorted(documents.glob(page[0])) if page else []
        names = [str(path.relative_to(documents)) for path in found]
        lines += [line.replace(page[0], name) for name in names] if page else [line]
    return "".join(lines)


def place_of(source: Path) -> PurePosixPath:
    """Return where on the stage a file or folder of the repository stands."""
    if source.is_relative_to(DOCS):
        return PurePosixPath(source.relative_to(DOCS))
    place = ELSEWHERE / source.relative_to(ROOT)
    if source.is_dir():
        return place / "index.md"
    if source.suffix == ".md" or source.suffix in PICTURES:
        return place
    return place.with_name(f"{place.name}.md")


def is_shown(path: Path) -> bool:
    """Say whether a file is text that somebody may want to read."""
    return path.stat().st_size <= LONGEST_BYTES and path.suffix not in PICTURES


def shown(source: Path) -> str:
    """Return a page that shows a file; who searches does not look for code."""
    text = source.read_text()
    fence = "`" * 4
    return (
        "---\nsearch:\n  exclude: true\n---\n\n"
        f"# {source.relative_to(ROOT)}\n\n{fence}text\n{text.rstrip()}\n{fence}\n"
    )


if __name__ == "__main__":
    stage(Path(sys.argv[1]))
