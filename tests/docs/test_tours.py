"""What the documents tell people to paste works, and prints what they say it prints."""

import shutil

import pytest

from tests.databases import Database
from tests.docs.markdown import read
from tests.docs.tour import check, is_what_was_promised, run, serving, steps

SAME = [
    pytest.param(
        document,
        marks=pytest.mark.only_on(
            "sqlite", because="what is documented is the same on every database"
        ),
    )
    for document in ("docs/tutorial.md", "docs/how-to/mobile.md")
]
"""What asks for nothing that the others do not."""

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@needs_curl
@pytest.mark.timeout(180)
@pytest.mark.parametrize("document", ["README.md", "docs/api.md", *SAME])
def test_the_commands_print_what_the_document_says(document: str, database: Database) -> None:
    tour = steps(read(document))
    assert len(tour) > 5

    with serving(database) as port:
        printed = run(tour, port, database)

    check(tour, printed)


def test_a_step_that_prints_something_else_is_noticed() -> None:
    assert is_what_was_promised('{"a":"x",\n"b":2}\n200\n', '{"a": "…", "b": 2}\n200\n')
    assert not is_what_was_promised('{"a":"x"}\n401\n', '{"a": "…"}\n200\n')
    assert not is_what_was_promised('{"a":"x","c":1}\n200\n', '{"a":"x"}\n200\n')
