"""What is made of a run: the JSON read back, the table and the picture of the README."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.picture import BAR_WIDTH, picture
from bench.publish import README, publish, published, write_beside
from bench.report import Run, read, write
from bench.rounds import Figure, Result, Target
from bench.summary import summary

SVG = "{http://www.w3.org/2000/svg}"

PEERS = Result(
    "peers",
    "beside others",
    [
        Figure("session check: bare", [20000, 21000, 19000], "requests/s"),
        Figure("session check: Keystead, 1,000 sessions", [8000, 9000, 7000], "requests/s"),
        Figure("session check: Keystead, /auth/verify, 1,000 sessions", [12000], "requests/s"),
        Figure("session check: A & B, 1,000 sessions", [400], "requests/s"),
        Figure("session check: Keystead, 9,000 sessions", [7500], "requests/s"),
        Figure(
            "session check: Keystead, 1,000 sessions / best peer (A & B, 1,000 sessions)",
            [20], "ratio", Target(">=", 5),
        ),
        Figure("refresh: Keystead, 9,000 sessions", [1000], "requests/s"),
        Figure("refresh: A & B, 9,000 sessions", [300], "requests/s"),
        Figure("refresh: Keystead, 9,000 sessions / best peer (A & B)", [3.333], "ratio", Target(">=", 5)),
        Figure("login: Keystead, 9,000 sessions", [20], "logins/s"),
        Figure("start: Keystead, 1,000 sessions", [1.5], "s"),
        Figure("start: A & B, 1,000 sessions", [1.0], "s"),
    ],
)  # fmt: skip
VERIFY = Result(
    "verify",
    "GET /auth/verify",
    [
        Figure("bare", [20000], "requests/s"),
        Figure("1,000 sessions", [12000], "requests/s"),
        Figure("9,000 sessions", [10000], "requests/s"),
        Figure("1,000 sessions / bare", [0.6], "ratio", Target(">=", 0.6)),
        Figure("9,000 sessions / bare", [0.5], "ratio", Target(">=", 0.6)),
        Figure("9,000 sessions / 1,000 sessions", [0.833], "ratio", Target(">=", 0.91)),
    ],
    ["load by wrk"],
)
CHOSEN = {"rounds": 3, "seconds": 1, "sessions": [1_000, 9_000]}


def run_of(*results: Result) -> Run:
    machine = {"date": "2026-01-02 03:04 UTC", "processor": "any", "pinned": "not", "system": "any"}
    return Run(machine, {result.name: CHOSEN for result in results}, list(results))


def texts_of(svg: str) -> list[str | None]:
    return [text.text for text in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 - ours.


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    write(tmp_path / "run.json", run_of(PEERS, VERIFY))

    assert read(tmp_path / "run.json") == run_of(PEERS, VERIFY)


def test_a_row_has_each_projects_median_and_keystead_beside_the_best() -> None:
    lines = summary(run_of(PEERS), None).splitlines()

    assert "|  | Keystead | A & B | Keystead / best peer |" in lines
    assert (
        "| session check, 1,000 sessions stored | 8,000/s | 400/s | 20.0 (>= 5) |" in lines
    )  # fmt: skip
    assert "| start | 1.50 s | 1.00 s |  |" in lines


def test_what_was_missed_and_what_was_not_measured_say_so() -> None:
    text = summary(run_of(PEERS, VERIFY), None)

    assert "| refresh, 9,000 sessions stored | 1,000/s | 300/s | **3.3 (>= 5), missed** |" in text
    assert "| sign-up, 9,000 sessions stored | - | - |  |" in text
    assert "| login, 9,000 sessions stored | 20.0/s | - |  |" in text
    assert "| session check, 9,000 sessions stored | 7,500/s | - |  |" in text
    assert "| 0.600 | **0.500, missed** | >= 0.6 | **0.833, missed** | >= 0.91 |" in text


def test_a_picture_has_names_and_values_as_text_and_bars_in_proportion() -> None:
    svg = picture(run_of(PEERS, VERIFY))
    assert svg is not None

    bars = [
        int(bar.attrib["width"])
        for bar in ET.fromstring(svg).iter(f"{SVG}rect")  # noqa: S314 - ours.
        if bar.attrib["class"] != "background"
    ]

    assert texts_of(svg)[:9] == [
        "Session checks a second (1,000 sessions stored)",
        *("bare", "20,000", "Keystead", "8,000", "Keystead, /auth/verify", "12,000"),
        *("A & B", "400"),
    ]
    assert bars[:4] == [round(BAR_WIDTH * share) for share in (1, 0.4, 0.6, 0.02)]
    assert "prefers-color-scheme: dark" in svg


def test_without_peers_a_picture_shows_what_a_bare_function_does() -> None:
    svg = picture(run_of(VERIFY))
    assert svg is not None

    assert texts_of(svg)[1::2] == ["bare", "1,000 sessions", "9,000 sessions"]


def test_a_run_with_nothing_to_draw_has_a_table_and_no_picture(tmp_path: Path) -> None:
    start = Result("start", "from nothing", [Figure("first start ever", [1.5], "s")])
    write(tmp_path / "run.json", run_of(start))

    write_beside(tmp_path / "run.json")

    assert sorted(file.name for file in tmp_path.iterdir()) == ["run.json", "run.md"]


def test_only_the_place_for_it_is_replaced() -> None:
    begin, end = "<!-- bench: made by python -m bench.publish -->\n", "<!-- bench: end -->"
    readme = f"before\n{begin}old{end}\nafter\n"

    text = published(run_of(PEERS), readme)[README]

    assert text.startswith(f"before\n{begin}\n![")
    assert text.endswith(f"\n\n{end}\nafter\n")
    assert "old" not in text


def test_a_run_that_lacks_something_is_not_published(tmp_path: Path) -> None:
    write(tmp_path / "run.json", run_of(PEERS, VERIFY))

    with pytest.raises(SystemExit, match="lacks login, profile, refresh, start"):
        publish(tmp_path / "run.json")
