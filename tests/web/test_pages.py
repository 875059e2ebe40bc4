"""What the pages are served with, and what their files may not hold (OWASP ASVS 5.0 3.4.3, 3.6.1)."""

import gzip
import re

import httpx
import pytest

from keystead.web.page_files import PageFiles, Site, read_contents
from keystead.web.pages import PAGES
from tests.conftest import StartService
from tests.docs.markdown import ROOT
from tests.web.expect import assert_problem
from tests.web.test_docs import Page

pytestmark = pytest.mark.only_on("sqlite", because="no database is asked about it")

SHELLS = [
    "/account",
    "/account/profile",
    "/account/register",
    "/admin",
    "/admin/users",
    "/admin/users/1",
    "/admin/audit",
]
VENDORED = {"preact.js", "preact-hooks.js", "htm.js"}
CONTENTS = {name: content.decode() for name, content in read_contents().items()}
SCRIPTS = {name: text for name, text in CONTENTS.items() if name.endswith(".js")}
OURS = {name: text for name, text in SCRIPTS.items() if name not in VENDORED}
WORDS = {name for name, text in OURS.items() if "export const texts" in text}
"""One file for each language."""
LINES = 250
BUDGET_BYTES = 60 * 1024


def loads_of(text: str) -> list[str]:
    return [target for target in Page(text).loads if not target.startswith("#")]


@pytest.mark.parametrize("path", SHELLS)
async def test_a_shell_runs_nothing_inline_and_loads_nothing_of_others(
    anybody: httpx.AsyncClient, path: str
) -> None:
    answer = await anybody.get(path)

    assert answer.status_code == 200
    page = Page(answer.text)
    assert page.inline == []
    area = path.split("/")[1]
    assert all(
        target.startswith((f"/{area}/files/", f"/{area}"))
        for target in page.loads
        if target[0] != "#"
    )


@pytest.mark.parametrize("path", SHELLS)
async def test_the_policy_lets_in_nothing_inline_and_no_markup_made_by_scripts(
    anybody: httpx.AsyncClient, path: str
) -> None:
    (policy,) = (await anybody.get(path)).headers.get_list("content-security-policy")

    directives = {
        name: set(sources.split())
        for name, _, sources in (part.strip().partition(" ") for part in policy.split(";"))
    }
    for name in ("default-src", "base-uri", "form-action", "frame-ancestors", "trusted-types"):
        assert directives[name] == {"'none'"}
    for name in ("script-src", "style-src", "img-src", "connect-src"):
        assert directives[name] == {"'self'"}
    assert directives["require-trusted-types-for"] == {"'script'"}


async def test_everything_a_shell_loads_is_there_and_kept_for_good(
    anybody: httpx.AsyncClient,
) -> None:
    for shell in ("/account", "/admin"):
        targets = [one for one in loads_of((await anybody.get(shell)).text) if "/files/" in one]
        assert len(targets) > 15
        for target in targets:
            answer = await anybody.get(target)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_a_module_is_preloaded_with_all_that_it_cannot_begin_without(
    anybody: httpx.AsyncClient,
) -> None:
    for area in ("account", "admin"):
        loaded = {one.rpartition("/")[2] for one in loads_of((await anybody.get(f"/{area}")).text)}
        needed, pending = set(), [f"{area}.js"]
        while pending:
            name = pending.pop()
            needed.add(name)
            pending += set(re.findall(r'(?:from|import)\s*"\./([\w.-]+)"', SCRIPTS[name])) - needed
        assert needed <= loaded


async def test_another_version_is_answered_and_not_kept(anybody: httpx.AsyncClient) -> None:
    answer = await anybody.get("/account/files/0123456789ab/base.css")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


async def test_what_has_not_changed_is_not_sent_again(anybody: httpx.AsyncClient) -> None:
    first = await anybody.get("/account")

    again = await anybody.get("/account", headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
    other = await anybody.get("/account", headers={"If-None-Match": '"another"'})
    assert other.status_code == 200


async def test_who_does_not_read_gzip_gets_the_same_without(anybody: httpx.AsyncClient) -> None:
    plain = await anybody.get("/account", headers={"Accept-Encoding": "identity"})
    zipped = await anybody.get("/account", headers={"Accept-Encoding": "gzip"})

    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert plain.text == zipped.text
    assert "Accept-Encoding" in zipped.headers["vary"]


@pytest.mark.parametrize("area", ["account", "admin"])
async def test_the_first_page_is_within_its_budget(anybody: httpx.AsyncClient, area: str) -> None:
    shell = (await anybody.get(f"/{area}")).text

    sent = len(gzip.compress(shell.encode()))
    for target in loads_of(shell):
        if "/files/" in target:
            sent += len(gzip.compress((await anybody.get(target)).content, 9))

    assert sent <= BUDGET_BYTES


async def test_a_page_that_is_not_there_is_a_page_that_says_so(anybody: httpx.AsyncClient) -> None:
    answer = await anybody.get("/account/nowhere")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    "file",
    [
        "",
        "shell.html",
        "icons.svg",
        "preact.LICENSE",
        "%2e%2e/settings.py",
        "base.css%00",
        "BASE.CSS",
    ],
)
async def test_no_other_file_is_served(anybody: httpx.AsyncClient, file: str) -> None:
    assert_problem(await anybody.get(f"/account/files/0/{file}"), 404, "route_not_found")


@pytest.mark.parametrize(
    ("off", "gone", "there"), [("account", "/account", "/admin"), ("admin", "/admin", "/account")]
)
async def test_either_can_be_switched_off(
    start: StartService, off: str, gone: str, there: str
) -> None:
    client = (await start(**{f"{off}_pages": False})).client()

    for path in (gone, f"{gone}/users", f"{gone}/files/0/base.css"):
        assert_problem(await client.get(path), 404, "route_not_found")
    answer = await client.get(there)
    assert answer.status_code == 200
    assert f'data-areas="{there[1:]}"' in answer.text


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip", "gzip"), ("br, GZIP;q=0.5", "gzip"), ("gzip;q=0", None), ("xgzip", None), ("", None)],
)
async def test_it_is_compressed_for_whoever_takes_it(
    anybody: httpx.AsyncClient, accepted: str, encoding: str | None
) -> None:
    answer = await anybody.get("/account", headers={"Accept-Encoding": accepted})

    assert answer.headers.get("content-encoding") == encoding
    assert answer.text.startswith("<!doctype html>")


async def test_a_cache_is_told_of_both_that_a_page_differs_by(start: StartService) -> None:
    client = (await start(allowed_origins="https://app.example.com")).client()

    assert set((await client.get("/account")).headers.get_list("vary")) == {
        "Origin", "Accept-Encoding",
    }  # fmt: skip


def test_a_page_that_a_script_shows_is_one_that_is_served() -> None:
    paths = {
        tuple(path.strip("/").split("/"))
        for name in ("account.js", "admin.js", "app.js")
        for path in re.findall(r'"(/(?:account|admin)(?:/\w+)*)"', OURS[name])
    }

    assert paths == {(area,) for area in PAGES} | {
        (area, page) for area, pages in PAGES.items() for page in pages
    }


def test_modules_that_import_one_another_are_each_named_once() -> None:
    contents = {**read_contents(), "text.js": b'import "./time.js";\n'}

    shell = PageFiles(Site("Keystead", 8, ("account",)), contents).shells["account"].plain.decode()

    named = re.findall(r'modulepreload" href="[^"]*/([\w.-]+)"', shell)
    assert {"text.js", "time.js"} <= set(named)
    assert len(named) == len(set(named))


async def test_the_name_of_the_service_is_text(start: StartService) -> None:
    client = (await start(app_name="<b>A&B</b>")).client()

    assert "<title>&lt;b&gt;A&amp;B&lt;/b&gt;</title>" in (await client.get("/account")).text


def test_no_script_of_ours_makes_markup_or_code_of_text() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|javascript:|https?://|sessionStorage"
    )

    assert {name: found for name, text in OURS.items() if (found := forbidden.findall(text))} == {}


def test_a_script_can_be_read_in_one_go() -> None:
    long = {name for name, text in CONTENTS.items() if len(text.splitlines()) > LINES}

    assert long <= WORDS  # one line for each text: a list, and no logic


@pytest.mark.parametrize("words", WORDS)
def test_every_text_is_there_and_used(words: str) -> None:
    texts = set(re.findall(r'^  "?([\w.]+)"?: ["{]', CONTENTS[words], re.MULTILINE))
    code = "\n".join(text for name, text in OURS.items() if name not in WORDS)
    whole = set(re.findall(r'"([a-z][\w.]*)"', code))
    begun = tuple(one for one in re.findall(r"`([a-z_]+\.[\w.]*)\$\{", code))

    wanted = set(re.findall(r'\btx?\("([\w.]+)"', code))
    assert wanted - texts == set()
    assert {one for one in texts - whole if not one.startswith(begun)} == set()


def test_vendored_libraries_name_their_version_and_licence() -> None:
    notice = (ROOT / "NOTICE").read_text()
    for name in VENDORED:
        first = SCRIPTS[name].splitlines()[0]
        version = re.search(r"\d+\.\d+\.\d+", first)
        licence = re.search(r"[\w.]+\.LICENSE", first)
        assert version
        assert version[0] in notice
        assert licence
        assert (ROOT / "src" / "keystead" / "pages" / licence[0]).exists()
