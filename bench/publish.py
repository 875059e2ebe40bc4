"""
Show a run in the README: python -m bench.publish RUN.json.

The run is kept as bench/published/run.json; everything else that is published is made from it.
"""

import re
import sys
from pathlib import Path

from bench.measurements import ALONE
from bench.picture import picture
from bench.report import Run, header, read, table
from bench.servers import ROOT
from bench.summary import summary

README = ROOT / "README.md"
PUBLISHED = ROOT / "bench" / "published"
KEPT, PICTURE, REPORT = (PUBLISHED / name for name in ("run.json", "picture.svg", "report.txt"))

PLACE = re.compile(
    r"(?<=<!-- bench: made by python -m bench.publish -->\n).*?(?=<!-- bench: end -->)", re.DOTALL
)
"""What of the README is replaced."""


def publish(path: Path) -> None:
    """
    Keep the run, and write what is made from it.

    Raises: SystemExit: something was left out of it, and would vanish from the README.
    """
    lacking = {*ALONE, "peers"} - {result.name for result in read(path).results}
    if lacking:
        sys.exit(f"bench: not published, because it lacks {', '.join(sorted(lacking))}")
    PUBLISHED.mkdir(exist_ok=True)
    KEPT.write_text(path.read_text())
    for file, text in published(read(KEPT), README.read_text()).items():
        file.write_text(text)
        print(f"written: {file.relative_to(ROOT)}")


def published(run: Run, readme: str) -> dict[Path, str]:
    """Return the text of each file that is made from a run; *readme* is replaced in part."""
    drawn = picture(run)
    link = PICTURE.relative_to(ROOT).as_posix() if drawn else None
    made = f"\n{summary(run, link)}\n"
    return {
        README: PLACE.sub(lambda _: made, readme),
        REPORT: report(run),
        **({PICTURE: drawn} if drawn else {}),
    }


def write_beside(path: Path) -> None:
    """Write the same beside the JSON of a run, for whoever made it."""
    run = read(path)
    drawn = picture(run)
    if drawn:
        path.with_suffix(".svg").write_text(drawn)
    link = path.with_suffix(".svg").name if drawn else None
    path.with_suffix(".md").write_text(summary(run, link))


def report(run: Run) -> str:
    """Return everything as it is printed."""
    return "\n\n".join([header(run.machine), *map(table, run.results)]) + "\n"


if __name__ == "__main__":
    publish(Path(sys.argv[1]))
