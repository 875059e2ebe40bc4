"""The site of the documents: what is staged, what its pages must not do, and what is made for them."""

import re
from pathlib import Path

import pytest

from manual.commands import all_commands
from manual.look import faults_of
from manual.reference import PAGES, renewed
from manual.stage import DOCS, configuration, stage
from tests.docs.known import known_commands
from tests.docs.markdown import LINK, ROOT, codes, headings, prose, read, rows, section


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stage")
    stage(folder)
    return folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_made_from_the_program_is_what_it_would_make_now(page: Path) -> None:
    assert "<!-- reference: " in page.read_text()
    assert renewed(page.read_text()) == page.read_text(), "run: make reference"


def test_only_what_stands_between_markers_is_made() -> None:
    text = (
        "before\n<!-- reference: settings KEYSTEAD_PORT -->\nold\n<!-- reference: end -->\nafter\n"
    )

    made = renewed(text)

    assert made.startswith("before\n<!-- reference: settings KEYSTEAD_PORT -->\n\n| names |")
    assert made.endswith(" |\n\n<!-- reference: end -->\nafter\n")
    assert "old" not in made


def test_every_command_has_a_section_with_each_of_its_options() -> None:
    page = read("docs/cli.md")
    known = known_commands()

    assert len(known) > 20
    assert [codes(heading)[0] for heading in headings(page) if "## " in heading] == [
        f"keystead {name}" for name in known
    ]
    for name, options in known.items():
        listed = {
            code.split(" ")[0]
            for cells in rows(section(page, f"## `keystead {name}`"))
            for code in codes(cells[0])
        }
        assert {option for option in options if option.startswith("-")} <= listed, name


def test_a_command_says_what_it_takes_and_where_else_it_looks() -> None:
    text = all_commands()

    assert "```text\nkeystead users role WHO ROLE [options]\n```" in text
    assert "```text\nkeystead copy --from URL --to URL [options]\n```" in text
    assert "| `ROLE` | One of `admin`, `user`. |" in text
    assert (
        "| `--from URL` | The database to read. Also from the environment: `KEYSTEAD_COPY_FROM`. |"
        in text
    )
    assert "| `--limit NUMBER` | How many at the most. Unless given: `1000`. |" in text


def test_every_page_is_in_the_navigation_and_no_line_of_it_is_left_over(staged: Path) -> None:
    named = re.findall(r'"([^" ]+\.md)"', (staged / "zensical.toml").read_text())
    pages = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}

    assert len(named) == len(set(named))
    assert pages <= set(named)
    assert [name for name in named if not (staged / "docs" / name).exists()] == []


def test_a_line_of_the_navigation_whose_page_is_not_there_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "index.md").touch()
    (tmp_path / "decisions").mkdir()
    (tmp_path / "decisions/0099-a-new-one.md").touch()

    assert '"index.md"' in configuration(tmp_path)
    assert '"decisions/0099-a-new-one.md"' in configuration(tmp_path)
    assert '"tutorial.md"' not in configuration(tmp_path)


def test_every_link_of_what_is_staged_leads_to_something_staged(staged: Path) -> None:
    documents = [page for page in (staged / "docs").rglob("*.md") if "." not in page.stem]

    assert len(documents) > 40
    for page in documents:
        for link in LINK.findall(prose(page.read_text())):
            target = (page.parent / link.partition("#")[0]).resolve()
            is_inside = target.exists() and target.is_relative_to(staged.resolve())
            assert is_inside or re.match(r"[a-z]+:", link), f"{page.name}: {link}"


def test_lists_of_contents_are_left_out_since_the_site_has_its_own(staged: Path) -> None:
    text = (staged / "docs/tutorial.md").read_text()

    assert "- [Start it](#start-it)" not in text
    assert "[tidy up](#tidy-up)" in text


def test_a_file_that_a_document_links_to_is_a_page_that_shows_it(staged: Path) -> None:
    page = staged / "docs/repository/deploy/nginx/keystead.conf.md"

    assert (
        "(repository/deploy/nginx/keystead.conf.md)" in (staged / "docs/production.md").read_text()
    )
    assert read("deploy/nginx/keystead.conf").rstrip() in page.read_text()
    assert "(../operations.md" in (staged / "docs/repository/README.md").read_text()


def test_examples_are_staged_as_they_are(staged: Path) -> None:
    assert "```sh\napi=http://localhost:3020\n" in (staged / "docs/tutorial.md").read_text()


GOOD = '<h1 id="top">T</h1><a href="b.html#there">b</a><a href="https://example.com/x">out</a>'


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        (GOOD, None),
        ('<a href="c.html">c</a>', "a.html: c.html leads nowhere"),
        ('<a href="b.html#nowhere">b</a>', "a.html: b.html#nowhere leads nowhere"),
        ('<a href="#nowhere">a</a>', "a.html: #nowhere leads nowhere"),
        ('<a href="../secret.html">up</a>', "a.html: ../secret.html leads nowhere"),
        ('<img src="gone.png">', "a.html: gone.png leads nowhere"),
        (
            '<script src="https://cdn.example.com/x.js"></script>',
            "a.html: loads https://cdn.example.com/x.js from another host",
        ),
        (
            '<link rel="stylesheet" href="//fonts.example.com/x">',
            "a.html: loads //fonts.example.com/x from another host",
        ),
    ],
)
def test_what_is_wrong_with_a_built_page_is_found(
    tmp_path: Path, page: str, fault: str | None
) -> None:
    (tmp_path / "secret.html").touch()
    site = tmp_path / "site"
    site.mkdir()
    (site / "a.html").write_text(page)
    (site / "b.html").write_text('<p id="there">')

    assert list(faults_of(site)) == ([] if fault is None else [fault])


def test_a_style_sheet_that_loads_a_font_from_elsewhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "x.css").write_text("@font-face{src:url('https://fonts.example.com/f.woff2')}")

    assert list(faults_of(tmp_path)) == [
        "x.css: loads https://fonts.example.com/f.woff2 from another host"
    ]


def test_site_and_stage_are_never_committed() -> None:
    assert {"/site/", "build/"} <= set((ROOT / ".gitignore").read_text().splitlines())
