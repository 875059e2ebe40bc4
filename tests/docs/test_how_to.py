"""docs/how-to: what is to be pasted works, and what is shown of a file is in it."""

import re
import shutil
import sys

import pytest

from keystead.devices import read_device
from tests.databases import Database
from tests.docs.markdown import ROOT, Block, blocks, codes, read, rows, section
from tests.docs.tour import check, run, serving, steps

PAGES = sorted(f"docs/how-to/{path.name}" for path in (ROOT / "docs" / "how-to").glob("*.md"))
MOBILE, MOUNTING, SPA = (f"docs/how-to/{name}.md" for name in ("mobile", "mounting", "spa"))

SHOWN = {
    (MOUNTING, "python mounted"): "examples/mounted/app.py",
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
@pytest.mark.only_on("sqlite", because="what is documented is the same on every database")
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

    check(tour, printed)


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


def test_devices_are_named_as_the_page_says() -> None:
    table = rows(section(read(MOBILE), "## The name of the device"))
    named = {codes(said)[0]: (name, system) for said, name, system in table if codes(said)}

    assert len(named) > 3
    for user_agent, shown in named.items():
        found = read_device(user_agent)
        assert (found.name or "-", found.os or "-") == shown, user_agent


def test_every_refusal_that_an_application_meets_is_one_of_ours() -> None:
    known = {codes(cells[0])[0] for cells in rows(read("docs/errors.md")) if len(cells) == 4}
    table = rows(section(read(MOBILE), "## What to do with each refusal"))
    met = {code for cells in table for code in codes(cells[1])}

    assert len(met) > 10
    assert met <= known
    of_401 = {codes(cells[0])[0] for cells in rows(read("docs/errors.md")) if cells[1] == "401"}
    assert of_401 <= met


def test_the_module_knows_each_code_that_ends_a_session() -> None:
    ours, theirs = (
        re.search(rf"const {name} = new Set\(\[(.*?)\]\)", read(file), re.DOTALL)
        for name, file in (
            ("COOKIE_IS_OVER", "src/keystead/pages/api.js"), ("OVER", "examples/spa/session.js"),
        )
    )  # fmt: skip
    assert ours
    assert theirs

    assert re.findall(r'"(\w+)"', theirs[1])
    assert set(re.findall(r'"(\w+)"', theirs[1])) == set(re.findall(r'"(\w+)"', ours[1]))
