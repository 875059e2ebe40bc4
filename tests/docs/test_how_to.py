"""docs/how-to: what is to be pasted works, and what is shown of a file is in it."""

import re
import shutil
import sys

import pytest

from tests.databases import Database
from tests.docs.markdown import ROOT, Block, blocks, read
from tests.docs.tour import is_what_was_promised, run, serving, steps

PAGES = sorted(f"docs/how-to/{path.name}" for path in (ROOT / "docs" / "how-to").glob("*.md"))
MOUNTING, MIGRATING, SPA = (f"docs/how-to/{name}.md" for name in ("mounting", "migrating", "spa"))

SHOWN = {
    ("docs/how-to/mounting.md", "python mounted"): "examples/mounted/app.py",
    (SPA, "js next.config.js"): "examples/spa/next/next.config.js",
    (SPA, "js route.js"): "examples/spa/next/app/api/hello/route.js",
    (SPA, "js proxy.js"): "examples/spa/next/proxy.js",
}
"""Blocks that are a part of a file, word for word."""

RUN_ELSEWHERE = {
    "sh tour", "text",                          # below, and tests/docs/test_tours.py
    "nginx", "js", "jsx", "js vite.config.js",  # tests/client/test_spa.py; shown only
    "json file", "text report", "sh run",       # tests/cli/test_migrating.py
}  # fmt: skip

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@needs_curl
@pytest.mark.timeout(180)
def test_an_application_with_keystead_inside_does_what_the_page_says(database: Database) -> None:
    (database.folder / "examples").symlink_to(ROOT / "examples")
    page = read(MOUNTING)
    found = re.search(r"^\.venv/bin/(granian .*)$", page, re.MULTILINE)
    assert found
    program, *arguments = found[1].split()
    tour = steps(page)
    assert len(tour) > 3

    with serving(database, [f"{sys.prefix}/bin/{program}", *arguments], "/accounts/readyz") as port:
        printed = run(tour, port, database)

    for step, text in zip(tour, printed, strict=True):
        assert is_what_was_promised(text, step.expected), f"{step.commands}\nprinted:\n{text}"


@pytest.mark.parametrize(("page", "info"), SHOWN)
def test_what_is_shown_of_a_file_is_in_it(page: str, info: str) -> None:
    (block,) = (block for block in blocks(read(page)) if block.info == info)

    assert block.text in read(SHOWN[page, info])


def test_every_block_is_run_or_compared() -> None:
    for page in PAGES:
        others = [block for block in blocks(read(page)) if not is_known(page, block)]
        assert [block.info for block in others] == ["sh"] * len(others)
        for block in others:
            assert all(is_command(line) for line in block.text.splitlines()), block.text


def is_known(page: str, block: Block) -> bool:
    is_export = block.info.startswith("sh export ")  # tests/cli/test_migrating.py
    return (page, block.info) in SHOWN or block.info in RUN_ELSEWHERE or is_export


def is_command(line: str) -> bool:
    """Whether *line* starts what some test starts: the server, the example, the import, the tests in JavaScript."""
    started = (
        r"(KEYSTEAD_\w+=\S+ )?make serve",
        r"(KEYSTEAD_WORKERS=2 )?\.venv/bin/granian --interface asgi --working-dir examples/mounted .*app:app",
        r"\.venv/bin/keystead import file users\.jsonl( --dry-run)?",
        r"KEYSTEAD_URL=http://127\.0\.0\.1:3020 node --test examples/spa/session\.test\.js",
    )
    return any(re.fullmatch(pattern, line) for pattern in started)
