"""The figures that the README shows are those of the run that is kept."""

from bench.publish import KEPT, README, published
from bench.report import read


def test_table_picture_and_report_are_what_is_made_of_the_run_that_is_kept() -> None:
    made = published(read(KEPT), README.read_text())

    assert len(made) == 3
    for file, text in made.items():
        assert file.read_text() == text, f"{file.name}: python -m bench.publish {KEPT}"
