"""The page that shows the API: all of it comes from here (OWASP ASVS 5.0 3.4.3, 3.6.1)."""

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx
import pytest

from tests.conftest import StartService
from tests.web.expect import assert_problem

pytestmark = pytest.mark.only_on("sqlite", because="no database is asked about it")

FILES = {
    "/docs/swagger-ui.css": "text/css",
    "/docs/swagger-ui-bundle.js": "text/javascript",
    "/docs/start.js": "text/javascript",
}


class Page(HTMLParser):
    """What a page loads, and what it would run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.inline: list[str] = []
        self._is_in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_in_script = tag in {"script", "style"}
        for name, value in attrs:
            if name in {"src", "href", "action", "data", "poster", "srcset"}:
                self.loads.append(value or "")
            if name.startswith("on") or name == "style":
                self.inline.append(name)

    def handle_data(self, data: str) -> None:
        if self._is_in_script and data.strip():
            self.inline.append(data)


async def test_the_page_loads_nothing_from_anybody_else(anybody: httpx.AsyncClient) -> None:
    answer = await anybody.get("/docs")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Page(answer.text)
    assert {urljoin("/docs", target) for target in page.loads} == set(FILES)
    assert page.inline == []


async def test_the_policy_of_the_page_lets_nothing_else_in(anybody: httpx.AsyncClient) -> None:
    (policy,) = (await anybody.get("/docs")).headers.get_list("content-security-policy")

    directives = {
        name: set(sources.split())
        for name, _, sources in (part.strip().partition(" ") for part in policy.split(";"))
    }
    assert directives["default-src"] == {"'none'"}
    assert directives["script-src"] == {"'self'"}
    assert directives["connect-src"] == {"'self'"}
    for name in ("frame-ancestors", "base-uri", "form-action"):
        assert directives[name] == {"'none'"}
    assert set().union(*directives.values()) <= {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert [name for name, sources in directives.items() if "'unsafe-inline'" in sources] == [
        "style-src"
    ]


@pytest.mark.parametrize("path", FILES)
async def test_the_parts_of_the_page_are_served(anybody: httpx.AsyncClient, path: str) -> None:
    answer = await anybody.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{FILES[path]}; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert answer.content


async def test_the_page_reads_the_document_of_this_service(anybody: httpx.AsyncClient) -> None:
    start = (await anybody.get("/docs/start.js")).text

    assert 'url: "openapi.json"' in start
    assert "validatorUrl: null" in start  # else it would show the document to swagger.io
    assert not re.search(r"https?:|//[a-z]", start)
    style = (await anybody.get("/docs/swagger-ui.css")).text
    assert not re.search(r"@import|url\((?!\"?'?data:)", style)


OTHERS = [
    "", "README.md", "LICENSE", "%2e%2e/docs.py", "..%2f..%2fdocs.py", "%2fetc%2fpasswd",
    "start.js%00", "start.js/", "swagger-ui-bundle.js.LICENSE.txt", "START.JS",
]  # fmt: skip


@pytest.mark.parametrize("file", OTHERS)
async def test_no_other_file_is_served(anybody: httpx.AsyncClient, file: str) -> None:
    assert_problem(await anybody.get(f"/docs/{file}"), 404, "route_not_found")


async def test_the_documentation_can_be_switched_off(start: StartService) -> None:
    client = (await start(api_docs=False)).client()

    for path in ("/docs", "/openapi.json", *FILES):
        assert_problem(await client.get(path), 404, "route_not_found")
    assert (await client.get("/")).status_code == 200
